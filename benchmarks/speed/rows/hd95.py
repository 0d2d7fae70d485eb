"""95th percentile of the surface distance, 56 labels."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "HD95 of 56 labels",
    "160 x 192 x 160, 1 mm",
    {"contreg": "own", "monai": "peers", "surface_distance": "peers"},
    faster={"monai": 10},
    rounds=(2, 3),
    note="surface-distance weighs by area: other numbers",
)


def contreg() -> Call:
    """``surface_distances``, which gives ASSD too."""
    from contreg_core.evaluation.surface import surface_distances

    predicted, truth = data.label_pair()
    return lambda: list(surface_distances(predicted, truth, range(1, 57), (1, 1, 1)).hd95.values())


def monai() -> Call:
    """``compute_hausdorff_distance`` of one-hot maps."""
    import torch
    from monai.metrics import compute_hausdorff_distance
    from monai.networks import one_hot

    predicted, truth = (torch.from_numpy(one)[None, None] for one in data.label_pair())

    def call() -> Any:
        maps = (one_hot(each, 57) for each in (predicted, truth))
        return compute_hausdorff_distance(*maps, include_background=False, percentile=95)[0]

    return call


def surface_distance() -> Call:
    """``compute_robust_hausdorff`` label by label."""
    from surface_distance import compute_robust_hausdorff, compute_surface_distances

    predicted, truth = data.label_pair()

    def one(label: int) -> float:
        distances = compute_surface_distances(truth == label, predicted == label, (1, 1, 1))
        return float(compute_robust_hausdorff(distances, 95))

    return lambda: [one(label) for label in range(1, 57)]
