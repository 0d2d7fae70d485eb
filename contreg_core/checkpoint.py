"""Checkpoints: one safetensors file that describes itself; no pickle.

Tensors are named ``model/...``, ``objective/...``, ``average/...`` and ``optimiser/INDEX/...``; ``scale/...`` where
weights are of 8 bits (``contreg_core.quantised``), which schema 2 says. The metadata entry
``contreg`` is JSON: schema, recipe (TOML), the place in the run, what the model was trained on, versions, and the
SHA-256 of the rest of this record and of all tensors, checked on reading (the format itself would return flipped bits).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

import contreg_core
from contreg_core.errors import DataError, MismatchError, MissingError
from contreg_core.files import write_bytes
from contreg_core.layout import laid_out_like
from contreg_core.plain_json import parse_json
from contreg_core.quantised import SCALE, restored
from contreg_core.volume.stream import describe

SCHEMA = 1
QUANTISED_SCHEMA = 2
"""Of files with weights of 8 bits: who reads schema 1 alone would take them for weights."""
_KEY = "contreg"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by full name, and the record that describes them."""

    tensors: Mapping[str, Tensor]
    record: Mapping[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors under ``prefix/``, with the prefix taken off."""
        start = prefix + "/"
        return {name[len(start) :]: value for name, value in self.tensors.items() if name.startswith(start)}

    @property
    def weights(self) -> dict[str, Tensor]:
        """Those the model is used with: averaged ones, where training keeps them beside those it goes on from."""
        return self.part("average") or self.part("model")


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
    """Write atomically; ``record`` must be JSON."""
    stored = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    schema = QUANTISED_SCHEMA if any(name.startswith(SCALE) for name in tensors) else SCHEMA
    full = {**record, "schema": schema, "contreg": contreg_core.__version__}
    full["sha256"] = _digest(stored, full)
    # Through bytes: save_file would make the file readable by its owner alone, whatever the umask.
    write_bytes(path, save(_unshared(stored), metadata={_KEY: json.dumps(full, sort_keys=True)}))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read and verify; raises ``MissingError``, ``DataError`` (damaged) or ``MismatchError`` (not ours, or newer)."""
    if not path.is_file():
        raise MissingError(
            f"{path}: no such checkpoint", "give a run folder or a .safetensors file of contreg fit"
        )
    try:
        _require_format(path)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            # Copies: what safetensors gives lies in the file, and what changes there later would change here unseen.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(
            f"{path}: not a readable checkpoint ({error})",
            "use another checkpoint of the run",
            code="CKPT-47",
        ) from error
    record = _record(path, metadata)
    if record.get("sha256") != _digest(tensors, record):
        raise DataError(
            f"{path}: damaged, its content does not have the recorded SHA-256",
            "use another checkpoint of the run",
            code="CKPT-47",
        )
    return Checkpoint(_restored(path, tensors), record)


def _restored(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    try:
        return restored(tensors)
    except (KeyError, RuntimeError) as error:
        raise DataError(
            f"{path}: its weights of 8 bits and their scales do not fit ({error})",
            "use another copy of the file",
            code="CKPT-47",
        ) from error


def _require_format(path: Path) -> None:
    """Refuse what does not begin as safetensors does: eight bytes of length, then JSON. No other way in exists."""
    with path.open("rb") as file:
        head = file.read(9)
    if len(head) == 9 and head[8:] != b"{":
        raise MismatchError(
            f"{path}: found {describe(head)}, expected a contreg checkpoint (safetensors)",
            "give a file written by contreg fit; others are never opened",
            code="CKPT-51",
        )


def load_module(module: nn.Module, values: Mapping[str, Tensor], name: str) -> None:
    """Fill a module; raises ``MismatchError`` naming the first keys that differ, never loads a part."""
    own = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    given = {key: tuple(value.shape) for key, value in values.items()}
    differing = sorted(key for key in own.keys() | given.keys() if own.get(key) != given.get(key))
    if differing:
        listing = ", ".join(
            f"{key} ({given.get(key, 'absent')}, expected {own.get(key, 'absent')})" for key in differing[:5]
        )
        raise MismatchError(
            f"the checkpoint's {name} does not fit: {len(differing)} tensors differ: {listing}",
            "use the contreg and plugin versions named in the run's run.json",
            code="CKPT-48",
        )
    module.load_state_dict(dict(values))


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as ``INDEX/NAME`` tensors (Adam's is all tensors)."""
    state: Mapping[int, Mapping[str, Tensor]] = optimiser.state_dict()["state"]
    return {f"{index}/{name}": value for index, values in state.items() for name, value in values.items()}


def load_optimiser(optimiser: torch.optim.Optimizer, values: Mapping[str, Tensor]) -> None:
    """Put ``optimiser_tensors`` back, in the memory layout of the weights: fused Adam walks both as they lie."""
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in values.items():
        index, _, key = name.partition("/")
        weight = weights[int(index)]
        own = laid_out_like(weight, value) if value.shape == weight.shape else value
        state.setdefault(int(index), {})[key] = own
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _record(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        record: dict[str, Any] = parse_json(metadata[_KEY])
        schema = int(record["schema"])
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise MismatchError(
            f"{path}: not a contreg checkpoint", "give a file written by contreg fit", code="CKPT-51"
        ) from error
    if schema not in (SCHEMA, QUANTISED_SCHEMA):
        needed = record.get("contreg", "a newer version")
        raise MismatchError(
            f"{path}: checkpoint schema {schema}, this contreg reads {SCHEMA} and {QUANTISED_SCHEMA}",
            f"install contreg >= {needed}",
            code="CKPT-49",
        )
    return record


def _digest(tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    digest.update(_canonical({key: value for key, value in record.items() if key != "sha256"}).encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name}:{value.dtype}:{tuple(value.shape)};".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _canonical(record: Mapping[str, Any]) -> str:
    """JSON as it reads again: keys that were numbers are text by then, and sort as text."""
    return json.dumps(json.loads(json.dumps(record)), sort_keys=True)


def _unshared(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """safetensors refuses tensors that share memory."""
    seen: set[int] = set()
    result = {}
    for name, value in tensors.items():
        result[name] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    return result
