"""What rank 0 has read from disk, given to all: only its machine needs the run folder."""

import json
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from contreg_core.checkpoint import Checkpoint
from contreg_core.ranks.group import Ranks


def share_checkpoint(checkpoint: Checkpoint | None, ranks: Ranks) -> Checkpoint | None:
    """Rank 0's checkpoint, or its None, on every rank."""
    if ranks.count == 1:
        return checkpoint
    found = share_json(_described(checkpoint) if ranks.first else None, ranks)
    if found is None:
        return None
    tensors = {each[0]: _received(checkpoint, ranks, *each) for each in found["layout"]}
    return Checkpoint(tensors, found["record"])


def share_json(value: Any, ranks: Ranks) -> Any:
    """Rank 0's value, which must be JSON, on every rank."""
    text = json.dumps(value).encode() if ranks.first else b""
    length = ranks.from_first(torch.tensor(len(text)))
    letters = torch.zeros(int(length), dtype=torch.uint8)
    if ranks.first:
        letters.copy_(torch.frombuffer(bytearray(text), dtype=torch.uint8))
    return json.loads(ranks.from_first(letters).numpy().tobytes())


def _described(checkpoint: Checkpoint | None) -> Any:
    if checkpoint is None:
        return None
    layout = [(name, str(value.dtype), list(value.shape)) for name, value in checkpoint.tensors.items()]
    return {"record": checkpoint.record, "layout": layout}


def _received(
    checkpoint: Checkpoint | None, ranks: Ranks, name: str, dtype: str, shape: Sequence[int]
) -> Tensor:
    """As bytes: every type of number goes over every transport."""
    if checkpoint is not None:
        value = checkpoint.tensors[name].contiguous()
    else:
        value = torch.empty(list(shape), dtype=getattr(torch, dtype.removeprefix("torch.")))
    ranks.from_first(value.reshape(-1).view(torch.uint8))
    return value
