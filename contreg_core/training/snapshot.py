"""A training state to and from a checkpoint."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from contreg_core.checkpoint import (
    Checkpoint,
    load_module,
    load_optimiser,
    optimiser_tensors,
    write_checkpoint,
)
from contreg_core.training.loop import TrainingState


def save_state(path: Path, state: TrainingState, record: Mapping[str, Any]) -> None:
    """Everything needed to go on from here (``last``)."""
    tensors = {
        **_prefixed("model", state.model.state_dict()),
        **_prefixed("objective", state.objective.state_dict()),
        **_prefixed("optimiser", optimiser_tensors(state.optimiser)),
        **_prefixed("average", state.average.values if state.average else {}),
    }
    write_checkpoint(path, tensors, {**record, **_place(state)})


def save_model(path: Path, state: TrainingState, record: Mapping[str, Any]) -> None:
    """Only the model that is to be used (``best``): the averaged weights where they are kept."""
    values = state.average.values if state.average else state.model.state_dict()
    write_checkpoint(path, _prefixed("model", values), {**record, **_place(state)})


def restore_state(checkpoint: Checkpoint, state: TrainingState) -> None:
    """Put a saved state back, in place; raises ``MismatchError`` where it does not fit."""
    load_module(state.model, checkpoint.part("model"), "model")
    load_module(state.objective, checkpoint.part("objective"), "objective")
    load_optimiser(state.optimiser, checkpoint.part("optimiser"))
    if state.average is not None:
        for name, value in checkpoint.part("average").items():
            state.average.values[name].copy_(value)
    place = checkpoint.record["place"]
    state.step, state.total = int(place["step"]), int(place["total"])
    state.best = -math.inf if place["best"] is None else float(place["best"])
    state.elapsed = float(place["elapsed"])
    state.coarse = int(place.get("coarse", 0))  # of 0.1.0 before there was one
    state.coarse_seconds = float(place.get("coarse_seconds", 0.0))


def _place(state: TrainingState) -> dict[str, Any]:
    best = state.best if math.isfinite(state.best) else None
    place = {"step": state.step, "total": state.total, "best": best, "elapsed": state.elapsed}
    return {"place": {**place, "coarse": state.coarse, "coarse_seconds": state.coarse_seconds}}


def _prefixed(prefix: str, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": value for name, value in values.items()}
