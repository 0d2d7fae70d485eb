"""What no header tells and a registration would hide: left and right swapped, a brain cut off by its image."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contreg_core.evaluation.similarity import ncc
from contreg_core.inference.alignment import align
from contreg_core.inference.images import Brain, resample_to, working_grid
from contreg_core.transform.world import Affine, Grid
from contreg_core.volume import Volume

_COARSE_MM = 4.0
_CLEAR = 0.005
_CUT_OFF = 0.02


@dataclass(frozen=True)
class Sides:
    """NCC inside the fixed brain at 4 mm after an affine alignment: of the moving image as it is, and mirrored."""

    stored: float
    mirrored: float

    def __str__(self) -> str:
        figures = f"NCC {self.stored:.3f} as it is, {self.mirrored:.3f} with left and right exchanged"
        if self.mirrored > self.stored + _CLEAR:
            return f"left and right of one image may be swapped: {figures}"
        return f"left and right fit: {figures}"


def compare_sides(moving: Brain, fixed: Brain) -> Sides:
    """Align the moving brain as it is and mirrored from left to right."""
    return Sides(*(_likeness(brain, fixed) for brain in (moving, _mirrored(moving))))


def cut_off(moving: Brain, fixed: Brain, stage: Affine) -> tuple[str, ...]:
    """Where over 2 % of one brain lies outside the other's image, once ``stage`` (fixed to moving) aligned them."""
    back = np.asarray(np.linalg.inv(stage), np.float64)
    shares = {
        "moving brain lies outside the fixed image": _outside(moving, fixed, back),
        "fixed brain lies outside the moving image": _outside(fixed, moving, stage),
    }
    return tuple(f"{share:.0%} of the {what}" for what, share in shares.items() if share > _CUT_OFF)


def _likeness(moving: Brain, fixed: Brain) -> float:
    stage = align(moving, fixed)
    grid = working_grid(fixed.volume, _COARSE_MM)
    placed = replace(moving.volume, affine=np.linalg.inv(stage) @ moving.volume.affine)
    mask = resample_to(replace(fixed.volume, array=fixed.mask.astype(np.uint8)), grid, 0).astype(bool)
    return ncc(_float(placed, grid), _float(fixed.volume, grid), mask)


def _float(volume: Volume, grid: Grid) -> NDArray[np.float32]:
    return resample_to(volume, grid, 1).astype(np.float32)


def _mirrored(brain: Brain) -> Brain:
    """Its array the other way round from left to right (RAS order, as brains are); the alignment finds the place."""
    flipped = replace(brain.volume, array=np.ascontiguousarray(brain.volume.array[::-1]))
    return replace(brain, volume=flipped, mask=np.ascontiguousarray(brain.mask[::-1]))


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
