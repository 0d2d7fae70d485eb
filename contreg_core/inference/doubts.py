"""What no header tells and a registration would hide: a brain cut off by its image."""

import numpy as np

from contreg_core.inference.images import Brain
from contreg_core.transform.world import Affine

_CUT_OFF = 0.02


def cut_off(moving: Brain, fixed: Brain, stage: Affine) -> tuple[str, ...]:
    """Where over 2 % of one brain lies outside the other's image, once ``stage`` (fixed to moving) aligned them."""
    back = np.asarray(np.linalg.inv(stage), np.float64)
    shares = {
        "moving brain lies outside the fixed image": _outside(moving, fixed, back),
        "fixed brain lies outside the moving image": _outside(fixed, moving, stage),
    }
    return tuple(f"{share:.0%} of the {what}" for what, share in shares.items() if share > _CUT_OFF)


def _outside(brain: Brain, other: Brain, into: Affine) -> float:
    """The share of a brain's voxels (every third) that ``into`` (world to world) leads out of the other's image."""
    voxels = 3 * np.argwhere(brain.mask[::3, ::3, ::3])
    places = (
        np.c_[voxels, np.ones(len(voxels))]
        @ (np.linalg.inv(other.volume.affine) @ into @ brain.volume.affine).T
    )
    shape = np.array(other.volume.array.shape)
    inside = ((places[:, :3] >= -0.5) & (places[:, :3] <= shape - 0.5)).all(axis=1)
    return float(1 - inside.mean()) if len(inside) else 0.0
