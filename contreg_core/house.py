"""What a plugin may not change for everybody: how torch computes, seeds, warnings. Changes are put back and named."""

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SEEDS = "the state of random numbers"


@dataclass(frozen=True)
class _Setting:
    """One thing of the process: its name, how it is read and how it is put back."""

    name: str
    get: Callable[[], Any]
    put: Callable[[Any], object]


@contextmanager
def put_back() -> Iterator[list[str]]:
    """Whatever the block changes for everybody is as before afterwards; the names of it are in the list then."""
    before = [(setting, setting.get()) for setting in _settings()]
    changed: list[str] = []
    try:
        yield changed
    finally:
        for setting, value in before:
            if setting.get() != value:
                setting.put(value)
                changed.append(setting.name)


def _settings() -> tuple[_Setting, ...]:
    import numpy as np
    import torch

    return (
        _Setting("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
        _Setting("torch's default device", torch.get_default_device, _put_device),
        _Setting("torch's grad mode", torch.is_grad_enabled, torch.set_grad_enabled),
        _Setting("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
        _Setting(
            "torch's deterministic algorithms",
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
        _Setting(
            "torch's precision of products",
            torch.get_float32_matmul_precision,
            torch.set_float32_matmul_precision,
        ),
        _Setting("numpy's handling of errors", np.geterr, lambda known: np.seterr(**known)),
        _Setting(SEEDS, _seeds, _put_seeds),
        _Setting("everybody's warnings", _blanket_filters, _put_filters),
    )


def _put_device(device: Any) -> None:
    import torch

    torch.set_default_device(None if device == torch.device("cpu") else device)


def _seeds() -> tuple[Any, ...]:
    import numpy as np
    import torch

    name, keys, *rest = np.random.get_state(legacy=True)
    return (
        random.getstate(),
        (name, np.asarray(keys).tobytes(), *rest),
        torch.get_rng_state().numpy().tobytes(),
    )


def _put_seeds(state: tuple[Any, ...]) -> None:
    import numpy as np
    import torch

    own, (name, keys, *rest), drawn = state
    random.setstate(own)
    np.random.set_state((name, np.frombuffer(keys, np.uint32), *rest))
    torch.set_rng_state(torch.frombuffer(bytearray(drawn), dtype=torch.uint8))


def _blanket_filters() -> list[Any]:
    """Those for all messages of all modules of one of Python's own categories; a library may silence its own."""
    return [
        one
        for one in warnings.filters
        if one[1] is None and one[3] is None and one[2].__module__ == "builtins"
    ]


def _put_filters(known: list[Any]) -> None:
    """The known ones in their order, behind what libraries have said of their own."""
    own = [one for one in warnings.filters if one not in _blanket_filters()]
    warnings.filters[:] = [*own, *known]  # type: ignore[index]
    with warnings.catch_warnings():  # its end makes Python look at the filters again
        pass
