"""Brain-extracted images as a model wants them: RAS order, brain mask, one working grid, standard intensities."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core.errors import DataError, UsageError
from contreg_core.inference.size import length_of, litres, litres_text, relative_spacing, scale_of
from contreg_core.preprocessing.apply import standardise_image
from contreg_core.preprocessing.resample import strides
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.transform.world import Grid
from contreg_core.volume import Volume, corners_apart, like_stored, spacing, to_ras
from contreg_core.volume.values import sound_image

_FLOOR = 0.01
_MOST_PRESENT = 0.8
_LITRES = (1.0, 2.2)
_FWHM = 2.355
_MOST_VOXELS = 2**29
"""Of a working grid: a brain of 0.25 mm has a fifth of it."""


@dataclass(frozen=True)
class Brain:
    """An image in RAS order and its brain mask; ``standardised`` where the intensities are the model's already."""

    volume: Volume
    mask: NDArray[np.bool_]
    standardised: bool = False
    warnings: tuple[str, ...] = ()

    @cached_property
    def length(self) -> float:
        """In lengths of an adult brain, by its volume."""
        return length_of(self.volume, int(self.mask.sum()))

    @cached_property
    def scale(self) -> float:
        """The mm that stand for one of an adult brain's; 1 for all of ordinary size."""
        return scale_of(self.volume, int(self.mask.sum()))

    def grid(self, target: float) -> Grid:
        """The working grid at ``target`` mm of an adult brain (0: the image's own)."""
        return working_grid(self.volume, relative_spacing(target, self.volume, int(self.mask.sum())))


@dataclass(frozen=True)
class GriddedBrain:
    """A standardised image and its mask ``(*space)`` on a working grid; ``scale`` is its brain's."""

    image: NDArray[np.float32]
    mask: NDArray[np.bool_]
    grid: Grid
    scale: float = 1.0


def find_brain(volume: Volume, drawn: Volume | None = None) -> Brain:
    """The image in RAS order with its mask; ``warnings`` say where it does not look brain-extracted.

    ``drawn``, a mask drawn on the image, extracts the brain; without one the image must hold nothing else. Raises
    ``DataError`` where there is no brain.
    """
    volume = sound_image("the image", volume)
    turned = to_ras(volume)
    if drawn is not None:
        inside = np.asarray(to_ras(mask_on_image(drawn, volume)).array != 0)
        turned = replace(turned, array=np.where(inside, turned.array, np.zeros(1, turned.array.dtype)))
    mask = brain_mask(turned.array)
    return Brain(
        turned,
        mask if drawn is None else inside,
        warnings=(*volume.notes, *brain_doubts(turned, mask)),
    )


def brain_mask(array: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where a brain-extracted image is further from 0 than 1 % of the 99th percentile of its non-zero voxels.

    Distance, not height: z-scored images have dark brain below 0. Raises ``DataError`` where all is 0.
    """
    magnitude = np.abs(array.astype(np.float32))
    present = magnitude[magnitude > 0]
    if not present.size:
        raise DataError("every voxel is 0, expected a brain", "check the file", code="VAL-25")
    return np.asarray(magnitude > _FLOOR * np.percentile(present, 99))


def working_grid(volume: Volume, target: float) -> Grid:
    """The grid ``preprocess`` puts a scan on: the volume's first voxel and axes at ``target`` mm (0: its own)."""
    if not target:
        return Grid(volume.affine, volume.array.shape)
    factors = strides(volume, target)
    # Half to even and at least one voxel, as preprocessing rounds.
    shape = tuple(max(1, int(np.rint(n / s))) for n, s in zip(volume.array.shape, factors, strict=True))
    if math.prod(shape) > _MOST_VOXELS:
        raise UsageError(
            f"a spacing of {target:g} mm makes {math.prod(shape):.2g} voxels of this image, expected "
            f"{_MOST_VOXELS:.1g} at most",
            "take a coarser one, e.g. preprocessing.spacing=2",
        )
    return Grid(volume.affine @ np.diag([*factors, 1.0]), shape)


def put_on_grid(
    brain: Brain, grid: Grid, spec: Preprocessing, landmarks: Sequence[float] = ()
) -> GriddedBrain:
    """Resample by the affines (anti-aliased, 0 outside) and standardise as the training images were.

    Raises ``DataError`` where no brain falls into the grid.
    """
    order = 3 if spec.interpolation == "bspline" else 1
    source = brain.volume if order == 3 else _smoothed(brain.volume, grid)
    image = resample_to(source, grid, order).astype(np.float32)
    mask = resample_to(replace(brain.volume, array=brain.mask.astype(np.uint8)), grid, 0).astype(bool)
    if not mask.any():
        raise DataError(
            "no brain in the fixed image's field of view: the two do not meet in world space",
            "check both headers, or align the images first (register --affine affine)",
            code="GEO-28",
        )
    if brain.standardised:
        return GriddedBrain(np.where(mask, image, np.float32(0)), mask, grid, brain.scale)
    return GriddedBrain(standardise_image(image, mask, spec, landmarks), mask, grid, brain.scale)


def resample_to(volume: Volume, grid: Grid, order: int) -> NDArray[np.generic]:
    """``volume`` read at the world positions of ``grid``: spline ``order`` 0, 1 or 3; 0 outside."""
    matrix = np.linalg.inv(volume.affine) @ grid.affine
    array: NDArray[np.generic] = ndimage.affine_transform(
        volume.array, matrix, output_shape=grid.shape, order=order, mode="grid-constant"
    )
    return array


def _smoothed(volume: Volume, grid: Grid) -> Volume:
    """Gaussian before a stride s, in voxels: sqrt(s^2 - 1) / 2.355 (Cardoso et al., MICCAI 2015)."""
    factors = [a / b for a, b in zip(spacing(grid.affine), spacing(volume.affine), strict=True)]
    sigmas = [math.sqrt(max(s * s - 1, 0)) / _FWHM if abs(s - 1) >= 1e-3 else 0.0 for s in factors]
    if not any(sigmas):
        return volume
    return replace(volume, array=ndimage.gaussian_filter(volume.array, sigmas, mode="nearest"))


def brain_doubts(volume: Volume, mask: NDArray[np.bool_]) -> tuple[str, ...]:
    """Why an image with this mask may not be one adult's extracted brain; empty where nothing speaks against it."""
    share = float(mask.mean())
    amount = litres(volume, int(mask.sum()))
    doubts = []
    if share > _MOST_PRESENT:
        doubts.append(f"{share:.0%} of the voxels are not 0: the image may not be brain-extracted")
    if not _LITRES[0] <= amount <= _LITRES[1]:
        doubts.append(
            f"the non-zero voxels fill {litres_text(amount)}, an adult brain {_LITRES[0]} to {_LITRES[1]} L"
        )
    if not volume.oriented:
        doubts.append("the file stores no orientation: the directions are guessed")
    return tuple(doubts)


def labels_on_image(labels: Volume, image: Volume) -> Volume:
    """A label map of an image's world: under the image's affine where both lie on one grid, however it is stored.

    One on another grid (voxels of another size) must fill the same box to half a voxel; it stays on its own grid and is
    read in world space where it is carried. Refused where it lies elsewhere.
    """
    turned = like_stored(labels, image)
    fits = turned.array.shape == image.array.shape
    apart = corners_apart(turned.affine, image.affine, image.array.shape) if fits else math.inf
    if apart <= min(spacing(image.affine)) / 2:
        return replace(turned, affine=image.affine)
    boxes = _box(turned), _box(image)
    largest = max(*spacing(labels.affine), *spacing(image.affine))
    off = float(abs(boxes[0] - boxes[1]).max())
    if fits:
        raise DataError(
            f"a corner of the label map is {apart:.2f} mm from its image's, expected half a voxel at most",
            "give the label map that was drawn on this image, or repair the header of one of the two",
            code="GEO-24",
        )
    if off > largest / 2:
        raise DataError(
            f"label map {labels.array.shape} and its image {image.array.shape}, expected one shape, or voxels of "
            f"another size over the same box (corners lie {off:.2f} mm apart)",
            "give the label map that was drawn on this image",
            code="GEO-24",
        )
    return labels


def mask_on_image(mask: Volume, image: Volume) -> Volume:
    """A mask drawn on an image, at the image's voxels: the nearest of its own where it has a grid of its own."""
    placed = labels_on_image(mask, image)
    if placed.array.shape == image.array.shape:
        return placed
    array = resample_to(placed, Grid.of(image), 0)
    return replace(image, array=array)


def _box(volume: Volume) -> NDArray[np.float64]:
    """The outer corners ``(8, 3)`` of a grid in RAS mm."""
    ends = np.array(list(product(*((-0.5, n - 0.5) for n in volume.array.shape))))
    return ends @ volume.affine[:3, :3].T + volume.affine[:3, 3]
