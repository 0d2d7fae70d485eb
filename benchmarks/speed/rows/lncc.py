"""Local correlation of two images, and back to the gradient for the warped one."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "LNCC, window 9, forward and backward",
    "80 x 96 x 80",
    {"contreg": "own", "dense": "own", "monai": "peers", "neurite": "peers"},
    faster={"dense": 150, "monai": 8},
    rounds=(3, 9),
    note="dense: 9^3 convolutions, as voxelmorph up to 0.2; its later releases use neurite's box filter",
)


def _step(loss: Any) -> Call:
    import torch

    warped, fixed = (data.batch(data.image(data.SMALL, seed)) for seed in (0, 1))
    warped.requires_grad_()

    def call() -> Any:
        return torch.autograd.grad(loss(warped, fixed).sum(), warped)[0]

    return call


def contreg() -> Call:
    """The loss ``lncc`` with zero padding, as the others."""
    from contreg_plugins.losses.lncc import LNCC

    return _step(LNCC(window=9, border="zeros").dissimilarity)


def dense() -> Call:
    """Window sums by 9^3 convolutions, which is what voxelmorph's loss did up to release 0.2 (its code wants CUDA)."""
    import torch

    window, ones = 9**3, torch.ones(1, 1, 9, 9, 9)

    def loss(warped: Any, fixed: Any) -> Any:
        a, b, aa, bb, ab = (
            torch.nn.functional.conv3d(part, ones, padding=4)
            for part in (warped, fixed, warped * warped, fixed * fixed, warped * fixed)
        )
        covariance = ab - a * b / window
        return -(covariance**2 / ((aa - a * a / window) * (bb - b * b / window) + 1e-5)).mean()

    return _step(loss)


def monai() -> Call:
    """Its LocalNormalizedCrossCorrelationLoss."""
    from monai.losses import LocalNormalizedCrossCorrelationLoss

    return _step(LocalNormalizedCrossCorrelationLoss(kernel_size=9))


def neurite() -> Call:
    """Its NCC, which voxelmorph 0.3 points to."""
    from neurite.nn.modules import NCC

    return _step(NCC(window_size=9))
