"""Register two images of one world space with a trained model; results lie on the images' own grids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core import spatial
from contreg_core.errors import DataError
from contreg_core.inference.alignment import Alignment, align
from contreg_core.inference.images import Brain, GriddedBrain, find_brain, put_on_grid, working_grid
from contreg_core.inference.quality import Quality, assess, require_overlap
from contreg_core.labels import LabelMode
from contreg_core.recipe import Recipe
from contreg_core.transform.world import (
    Affine,
    Grid,
    WorldField,
    warp_image_to,
    warp_labels_to,
    world_field,
)
from contreg_core.types import Registration
from contreg_core.volume import Volume, corners_apart, spacing

FieldGrid: TypeAlias = Literal["fixed", "working"]


class Registrar(Protocol):
    """What is asked of a ``TrainedModel``; anything that does the same may stand in for it."""

    @property
    def recipe(self) -> Recipe:
        """Its ``preprocessing`` says how images are prepared."""

    @property
    def prediction(self) -> tuple[str, ...]:
        """What is done to the network's own answer, e.g. ``("symmetric",)``."""

    @property
    def landmarks(self) -> Sequence[float]:
        """Nyul landmarks of the training images, if any."""

    @property
    def record(self) -> Mapping[str, Any]:
        """The checkpoint's description of itself."""

    @property
    def invertible(self) -> bool:
        """Whether ``register`` gives an inverse of its own."""

    def register(
        self, moving: NDArray[np.float32], fixed: NDArray[np.float32], *, inverse: bool = False
    ) -> Registration:
        """Two ``(*space)`` images on one grid -> displacement in voxels of it."""


@dataclass(frozen=True)
class GridRegistration:
    """A registration on the working grid: ``displacement`` and ``inverse`` ``(3, *space)`` in voxels of it."""

    fixed: GriddedBrain
    warped: NDArray[np.float32]
    displacement: NDArray[np.float32]
    inverse: NDArray[np.float32] | None
    quality: Quality


@dataclass(frozen=True)
class ImageRegistration:
    """What ``register_images`` gives.

    ``warped`` and ``labels`` are the moving image and label map on the fixed image's grid; ``displacement`` leads from
    fixed points to moving points on the fixed grid, ``inverse`` back on the moving grid, both in RAS mm; ``affine``
    (RAS mm, fixed to moving) is the part of them that was aligned beforehand.
    """

    warped: Volume
    labels: Volume | None
    displacement: WorldField
    inverse: WorldField
    quality: Quality
    warnings: tuple[str, ...]
    affine: Affine


def register_images(
    model: Registrar,
    moving: Volume,
    fixed: Volume,
    *,
    moving_labels: Volume | None = None,
    label_mode: LabelMode = "linear",
    alignment: Alignment = "none",
    field_grid: FieldGrid = "fixed",
) -> ImageRegistration:
    """Register two brain-extracted images of any axis order, spacing and size.

    ``alignment`` brings the moving brain onto the fixed first; ``"none"`` believes that their affines place them in
    one world space. Then the moving image is resampled onto the model's working grid (the fixed image's RAS axes at
    the recipe's spacing) and registered there. ``field_grid`` chooses where the displacements are sampled: on the
    images' own grids (exact at their voxels) or on the working grid (exact between voxels too, and smaller). Raises
    ``DataError`` where the brains hardly overlap.
    """
    if moving_labels is not None:
        moving_labels = labels_on_image(moving_labels, moving)
    brains = find_brain(moving), find_brain(fixed)
    stage = align(*brains, alignment)
    result = register_on_grid(model, _moved(brains[0], stage), grid_fixed(model, brains[1]), inverse=True)
    forward, back = _fields(result, stage, (Grid.of(fixed), Grid.of(moving)))
    carried = None if moving_labels is None else warp_labels_to(moving_labels, forward, label_mode)
    warped = warp_image_to(moving, forward)
    if field_grid == "working":
        forward, back = _fields(result, stage, _working(result, stage))
    warnings = (*_named("moving", brains[0]), *_named("fixed", brains[1]), *result.quality.warnings())
    return ImageRegistration(warped, carried, forward, back, result.quality, warnings, stage)


def _moved(brain: Brain, stage: Affine) -> Brain:
    """The moving brain as it lies in the fixed world: its affine is ``G^-1 A_M``."""
    return replace(brain, volume=replace(brain.volume, affine=np.linalg.inv(stage) @ brain.volume.affine))


def _working(result: GridRegistration, stage: Affine) -> tuple[Grid, Grid]:
    grid = result.fixed.grid
    return grid, Grid(stage @ grid.affine, grid.shape)


def _fields(
    result: GridRegistration, stage: Affine, grids: tuple[Grid, Grid]
) -> tuple[WorldField, WorldField]:
    """The two maps of the world on (fixed, moving) grids; the moving working grid is ``A_V = G A_W``."""
    assert result.inverse is not None
    working = result.fixed.grid.affine
    other = stage @ working
    return (
        world_field(result.displacement, working, other, grids[0]),
        world_field(result.inverse, other, working, grids[1]),
    )


def grid_fixed(model: Registrar, fixed: Brain) -> GriddedBrain:
    """The fixed image on its working grid, as the model wants it."""
    spec = model.recipe.preprocessing
    return put_on_grid(fixed, working_grid(fixed.volume, spec.spacing), spec, model.landmarks)


def register_on_grid(
    model: Registrar, moving: Brain, fixed: GriddedBrain, *, inverse: bool = False
) -> GridRegistration:
    """Register onto a prepared fixed image; the inverse is the warper's own, or found by fixed point."""
    gridded = put_on_grid(moving, fixed.grid, model.recipe.preprocessing, model.landmarks)
    require_overlap(gridded.mask, fixed.mask)
    registration = model.register(gridded.image, fixed.image, inverse=inverse and model.invertible)
    displacement = _array(registration.displacement[0])
    if not np.isfinite(displacement).all():
        raise DataError("the displacement is not finite", "use another model, or train with a lower rate")
    back = _inverse(registration) if inverse else None
    warped = _array(registration.warped[0, 0])
    quality = assess(gridded, fixed, warped, displacement, back)
    return GridRegistration(fixed, warped, displacement, back, quality)


def _inverse(registration: Registration) -> NDArray[np.float32]:
    found = registration.inverse
    return _array((spatial.invert(registration.displacement.float()) if found is None else found)[0])


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array


def _named(role: str, brain: Brain) -> tuple[str, ...]:
    return tuple(f"{role} image: {warning}" for warning in brain.warnings)


def labels_on_image(labels: Volume, image: Volume) -> Volume:
    """Labels under their image's affine; refused where a corner is more than half a voxel off."""
    if labels.array.shape != image.array.shape:
        raise DataError(
            f"label map {labels.array.shape} and its image {image.array.shape}, expected one shape",
            "give the label map that was drawn on this image",
        )
    apart = corners_apart(labels.affine, image.affine, image.array.shape)
    if apart > min(spacing(image.affine)) / 2:
        raise DataError(
            f"a corner of the label map is {apart:.2f} mm from its image's, expected half a voxel at most",
            "repair the header of the label map or of the image",
        )
    return replace(labels, affine=image.affine)
