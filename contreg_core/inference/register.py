"""Register two images of one world space with a trained model; results lie on the images' own grids."""

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core import spatial
from contreg_core.errors import DataError
from contreg_core.inference.alignment import aligned
from contreg_core.inference.contrast import compared
from contreg_core.inference.images import Brain, GriddedBrain, find_brain, labels_on_image, put_on_grid
from contreg_core.inference.placing import Placement, place
from contreg_core.inference.prediction import Alignment, Similarity
from contreg_core.inference.quality import Quality, assess, out_of_range, percentiles, require_overlap
from contreg_core.inference.registrar import Registrar
from contreg_core.inference.sampling import Draws, Posterior, averaged, draw, entropy, sampler_of, spread
from contreg_core.inference.unregistered import identity
from contreg_core.labels import LabelMode
from contreg_core.transform.itk_grid import upright
from contreg_core.transform.world import (
    Affine,
    Grid,
    WorldField,
    inverse_field,
    sample_affine,
    warp_image_to,
    warp_labels_to,
    world_field,
)
from contreg_core.types import Registration
from contreg_core.volume import Volume, to_ras
from contreg_core.volume.values import sound_image

FieldGrid: TypeAlias = Literal["fixed", "working"]


@dataclass(frozen=True)
class GridRegistration:
    """A registration on the working grid: ``displacement`` and ``inverse`` ``(3, *space)`` in voxels of it.

    ``warped`` is in the contrast that was compared. Where samples were asked for they are ``draws``, and
    ``displacement`` is their mean. ``mirrored`` where the inverse is the registration of the swapped images, and stands
    as it is.
    """

    fixed: GriddedBrain
    warped: NDArray[np.float32]
    displacement: NDArray[np.float32]
    inverse: NDArray[np.float32] | None
    quality: Quality
    draws: Draws | None = None
    mirrored: bool = False


@dataclass(frozen=True)
class ImageRegistration:
    """What ``register_images`` gives.

    ``warped`` and ``labels`` are the moving image and label map on the fixed image's grid; ``displacement`` leads from
    fixed points to moving points on the fixed grid, ``inverse`` back on the moving grid, both in RAS mm;
    ``placement`` tells how the brains were brought together beforehand, ``affine`` the part of the two that it is.
    """

    warped: Volume
    labels: Volume | None
    displacement: WorldField
    inverse: WorldField
    quality: Quality
    warnings: tuple[str, ...]
    placement: Placement
    posterior: Posterior | None = None

    @property
    def affine(self) -> Affine:
        """RAS mm, fixed to moving: what was aligned beforehand."""
        return self.placement.stage

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided on the way, for people."""
        return tuple(filter(None, (self.placement.note, self.quality.contrast.note)))


def register_images(
    model: Registrar,
    moving: Volume,
    fixed: Volume,
    *,
    moving_labels: Volume | None = None,
    masks: tuple[Volume | None, Volume | None] = (None, None),
    label_mode: LabelMode = "linear",
    alignment: Alignment = "none",
    field_grid: FieldGrid = "fixed",
    samples: int = 0,
    background: float | None = None,
    similarity: Similarity = "auto",
    strict: bool = False,
) -> ImageRegistration:
    """Register two brain-extracted images of any axis order, spacing and size.

    ``masks`` are brain masks drawn on the moving and on the fixed image, for images that hold more than a brain;
    ``alignment`` brings the moving brain onto the fixed first; ``"none"`` believes that their affines place them in
    one world space. Then the moving image is resampled onto the model's working grid (the fixed image's RAS axes at
    the recipe's spacing) and registered there. ``field_grid`` chooses where the displacements are sampled: on the
    images' own grids (exact at their voxels) or on the working grid (exact between voxels too, and smaller). With
    ``samples`` (2 or more) the displacement is the mean of that many draws of the model's field, and ``posterior`` says
    how far they lie apart. ``background`` is the warped image's where the moving one does not reach, by default its
    own. ``similarity`` says how images of two contrasts are compared; where their intensities have nothing to do with
    each other the answer is the alignment alone, with a warning. Raises ``DataError`` where the brains hardly overlap
    (``strict``: or one seems mirrored), ``MismatchError`` where there is no variance to sample.
    """
    if samples:
        sampler_of(model)
    moving, fixed = sound_image("the moving image", moving), sound_image("the fixed image", fixed)
    if moving_labels is not None:
        moving_labels = labels_on_image(moving_labels, moving)
    brains = find_brain(moving, masks[0]), find_brain(fixed, masks[1])
    placement = place(*brains, alignment)
    if strict:
        placement.refuse_swapped()
    stage = placement.stage
    result = register_on_grid(
        model,
        aligned(brains[0], stage),
        grid_fixed(model, brains[1]),
        inverse=True,
        samples=samples,
        similarity=similarity,
    )
    forward, back = _fields(result, stage, (Grid.of(fixed), Grid.of(moving)))
    carried = None if moving_labels is None else warp_labels_to(moving_labels, forward, label_mode)
    warped = warp_image_to(moving, forward, background=background)
    posterior = _posterior(result, stage, Grid.of(fixed), moving_labels, label_mode)
    if field_grid == "working":
        forward, back = _fields(result, stage, _working(result, stage))
    strange = out_of_range(to_ras(warped).array, brains[1].mask, brains[0].volume.array[brains[0].mask])
    quality = replace(result.quality, out_of_range_percent=strange)
    told = (*_named("moving", brains[0]), *_named("fixed", brains[1]), *placement.warnings())
    warnings = (*told, *quality.warnings())
    return ImageRegistration(warped, carried, forward, back, quality, warnings, placement, posterior)


def _posterior(
    result: GridRegistration, stage: Affine, grid: Grid, labels: Volume | None, mode: LabelMode
) -> Posterior | None:
    """How far the samples lie apart, in the moving image's millimetres and in its labels."""
    if result.draws is None:
        return None
    working = result.fixed.grid.affine
    apart = spread(result.draws, stage @ working)
    on_fixed = sample_affine(apart, np.linalg.inv(working) @ grid.affine, grid.shape)
    carried = [] if labels is None else carry_all(labels, result, stage, grid, mode)
    told = Volume(entropy(np.stack(carried)), grid.affine) if carried else None
    within = percentiles(apart[result.fixed.mask])
    return Posterior(len(result.draws), Volume(on_fixed, grid.affine), told, within)


def carry_all(
    labels: Volume, result: GridRegistration, stage: Affine, grid: Grid, mode: LabelMode
) -> list[NDArray[np.integer[Any]]]:
    """The moving label map on ``grid`` by every sample of the displacement, or by the displacement alone."""
    working = result.fixed.grid.affine
    maps = result.displacement[None] if result.draws is None else result.draws
    fields = (world_field(one, working, stage @ working, grid) for one in maps)
    return [_integers(warp_labels_to(labels, field, mode)) for field in fields]


def _integers(labels: Volume) -> NDArray[np.integer[Any]]:
    array: NDArray[np.integer[Any]] = labels.array  # type: ignore[assignment]
    return array


def _working(result: GridRegistration, stage: Affine) -> tuple[Grid, Grid]:
    """An affine stage shears the moving side's: the box around it is taken, which ITK can hold."""
    grid = result.fixed.grid
    return upright(grid), upright(Grid(stage @ grid.affine, grid.shape))


def _fields(
    result: GridRegistration, stage: Affine, grids: tuple[Grid, Grid]
) -> tuple[WorldField, WorldField]:
    """The two maps of the world on (fixed, moving) grids; the moving working grid is ``A_V = G A_W``."""
    assert result.inverse is not None
    working = result.fixed.grid.affine
    other = stage @ working
    forward = world_field(result.displacement, working, other, grids[0])
    if result.mirrored:
        return forward, world_field(result.inverse, other, working, grids[1])
    return forward, inverse_field(result.displacement, result.inverse, working, other, grids[1])


def grid_fixed(model: Registrar, fixed: Brain) -> GriddedBrain:
    """The fixed image on its working grid, as the model wants it: at the recipe's spacing, in mm of an adult brain."""
    spec = model.recipe.preprocessing
    return put_on_grid(fixed, fixed.grid(spec.spacing), spec, model.landmarks)


def register_on_grid(
    model: Registrar,
    moving: Brain,
    fixed: GriddedBrain,
    *,
    inverse: bool = False,
    samples: int = 0,
    similarity: Similarity = "auto",
) -> GridRegistration:
    """Register onto a prepared fixed image; the inverse is found by fixed point, from the warper's own on.

    That one, an integral on a grid as the displacement is, misses by up to the integrator's error; only a symmetric
    model's is kept, for it is the registration of the swapped images. With ``samples`` the displacement is the mean of
    so many draws. Where the intensities have nothing to do with each other nothing is moved.
    """
    seen = put_on_grid(moving, fixed.grid, model.recipe.preprocessing, model.landmarks)
    require_overlap(seen.mask, fixed.mask)
    gridded, contrast = compared(seen, fixed, similarity)
    if contrast.related or similarity != "auto" or samples:
        registration = model.register(
            gridded.image, fixed.image, inverse=inverse and model.invertible and not samples
        )
    else:
        registration = identity(gridded.image, fixed.image)
    draws = np.stack(list(draw(registration, sampler_of(model), samples))) if samples else None
    if draws is not None:
        registration = averaged(registration, sampler_of(model), draws)
    displacement = _array(registration.displacement[0])
    if not np.isfinite(displacement).all():
        raise DataError(
            "the displacement is not finite", "use another model, or train with a lower rate", code="PLUG-59"
        )
    mirrored = replace(model.prediction, samples=samples).exactly_inverse
    back = _inverse(registration, mirrored) if inverse else None
    warped = _array(registration.warped[0, 0])
    quality = assess(gridded, fixed, warped, displacement, back, contrast)
    return GridRegistration(fixed, warped, displacement, back, quality, draws, mirrored)


def _inverse(registration: Registration, mirrored: bool) -> NDArray[np.float32]:
    own, forward = registration.inverse, registration.displacement.float()
    return _array((own if own is not None and mirrored else spatial.invert(forward, own))[0])


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array


def _named(role: str, brain: Brain) -> tuple[str, ...]:
    return tuple(f"{role} image: {warning}" for warning in brain.warnings)
