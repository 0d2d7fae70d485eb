"""Dice of 56 labels."""

from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Dice of 56 labels",
    "160 x 192 x 160, uint8",
    {"contreg": "own", "monai": "peers", "numpy": "own"},
    faster={"monai": 400},
    rounds=(3, 5),
    note="MONAI needs one-hot maps; making them is part of its work. numpy: a loop over labels",
)


def contreg() -> Call:
    """One joint histogram."""
    from contreg_core.evaluation.overlap import confusion

    predicted, truth = data.label_pair()
    return lambda: list(confusion(predicted, truth, range(1, 57)).label_dice().values())


def monai() -> Call:
    """``compute_dice`` of one-hot maps."""
    import torch
    from monai.metrics import compute_dice
    from monai.networks import one_hot

    predicted, truth = (torch.from_numpy(one)[None, None] for one in data.label_pair())

    def call() -> Any:
        maps = (one_hot(each, 57) for each in (predicted, truth))
        return compute_dice(*maps, include_background=False)[0]

    return call


def numpy() -> Call:
    """Label by label, on uint8."""
    predicted, truth = data.label_pair()

    def dice(label: int) -> float:
        a, b = predicted == label, truth == label
        return float(2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))

    return lambda: [dice(label) for label in range(1, 57)]
