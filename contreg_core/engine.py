"""Devices and precision."""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.bfloat16 import bfloat16
from contreg_core.errors import UnavailableError, UsageError
from contreg_core.memory import peak_mib
from contreg_core.ranks.group import ALONE, Ranks

Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Engine:
    """Where tensors live, whether convolutions run in bfloat16 (the rest stays float32), who else trains, and whether
    every operation gives the same bits each time.
    """

    device: torch.device
    bfloat16: bool
    ranks: Ranks = ALONE
    deterministic: bool = False
    compiled: bool = False

    @classmethod
    def choose(
        cls,
        device: str = "auto",
        precision: Precision = "auto",
        ranks: Ranks = ALONE,
        *,
        deterministic: bool = False,
        compiled: bool = False,
    ) -> "Engine":
        """``auto``: a CUDA device if there is one; bfloat16 where the hardware of every rank has it.

        Several ranks have a GPU each. ``deterministic`` holds for this process from now on,
        ``compiled`` trains through ``torch.compile``, which builds for minutes first. Raises ``UsageError`` for a
        name that is none, ``UnavailableError`` for a device that is not here.
        """
        if deterministic:
            _repeat_exactly()
        chosen = _device(device if ranks.count == 1 else _own(device, ranks))
        able = _has_bfloat16(chosen) if precision == "auto" else precision == "bfloat16"
        return cls(chosen, not ranks.largest(not able)[0], ranks, deterministic, compiled)

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which a model's forward pass runs."""
        if not self.bfloat16:
            return nullcontext()
        return bfloat16(self.device.type)

    def place(self, module: torch.nn.Module) -> None:
        """Move a module to the device, convolution weights in the layout the hardware wants."""
        module.to(self.device)
        for parameter in module.parameters():
            if parameter.ndim == 5:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)

    def compile(self, learner: torch.nn.Module) -> None:
        """Have a learner's parts compiled at their first use, where that was asked for; names of weights stay."""
        if self.compiled:
            for part in learner.children():
                part.compile()

    def batch(self, image: NDArray[np.float32]) -> torch.Tensor:
        """One image ``(*space)`` as a batch ``(1, 1, *space)`` on the device."""
        return torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None, None].to(self.device)

    def peak_mib(self) -> float:
        """The most memory used so far, in MiB: the device's own, on a CPU the process's."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**20
        return peak_mib()

    def describe(self) -> str:
        """For people: ``cpu (2 threads), bfloat16``."""
        place = (
            torch.cuda.get_device_name(self.device)
            if self.device.type == "cuda"
            else f"cpu ({torch.get_num_threads()} threads)"
        )
        others = f", {self.ranks.count} ranks" if self.ranks.count > 1 else ""
        exactly = ", deterministic" if self.deterministic else ""
        return f"{place}, {'bfloat16' if self.bfloat16 else 'float32'}{others}{exactly}"


def _repeat_exactly() -> None:
    """Before the first use of CUDA: cuBLAS reads its variable then."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = _named(name)
        float(torch.zeros(1, device=device))  # a device without memory ("meta") fails here only
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UnavailableError(
            f"device '{name}' cannot be used ({reason})", "use --device cpu", code="DEV-67"
        ) from error
    return device


def _own(name: str, ranks: Ranks) -> str:
    """The GPU of a rank, where GPUs are asked for."""
    if ":" in name:
        raise UsageError(f"{name} is one GPU, but {ranks.count} ranks were requested", "use --device cuda")
    cuda = torch.cuda.is_available() if name == "auto" else name == "cuda"
    return f"cuda:{ranks.local}" if cuda else name


def _named(name: str) -> torch.device:
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"there is no device '{name}'", "use auto, cpu, cuda or cuda:N") from error


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
