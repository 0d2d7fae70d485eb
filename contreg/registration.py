"""``contreg.register``: one image onto another, in a Python program."""

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from contreg.front import front
from contreg.images import Given, ImageLike, image, labels
from contreg.loading import UNTRAINED_MODEL, LoadedModel, Settings, ready
from contreg.plugins import plugin_versions
from contreg.wording import in_python, speaks_python
from contreg_core.errors import UsageError
from contreg_core.inference.doubts import cut_off
from contreg_core.inference.images import find_brain
from contreg_core.inference.outputs import about_model, refuse_registration, write_registration
from contreg_core.inference.register import ImageRegistration, register_images
from contreg_core.memory import sparingly
from contreg_core.provenance import provenance
from contreg_core.sums import record_sums
from contreg_core.training.seeds import seed_torch
from contreg_core.transform import (
    WorldField,
    inside,
    jacobian_determinant,
    map_points,
    warp_image_to,
    warp_labels_to,
)
from contreg_core.volume import Volume

if TYPE_CHECKING:
    from contreg_core.engine import Precision
    from contreg_core.inference.prediction import Alignment, Similarity
    from contreg_core.inference.quality import Quality
    from contreg_core.labels import LabelMode
    from contreg_core.transform import FieldFormat

_MANY_LABELS = 1000
"""More different numbers than any atlas of a brain has regions: an intensity image."""


@dataclass(frozen=True)
class RegistrationResult:
    """What ``register`` gives. Images come back in the form the fixed image was given in: a nibabel image for a file
    or a nibabel image, a SimpleITK image, or an array on the fixed grid.
    """

    registration: ImageRegistration
    moving: Given
    fixed: Given
    warnings: tuple[str, ...]
    about: Mapping[str, Any] = field(repr=False)

    @cached_property
    def warped(self) -> Any:
        """The moving image on the fixed image's grid."""
        return self.fixed.like(self.registration.warped)

    @cached_property
    def labels(self) -> Any:
        """``moving_labels`` on the fixed image's grid; None where none were given."""
        found = self.registration.labels
        return None if found is None else self.fixed.like(found)

    @property
    def quality(self) -> "Quality":
        """Similarity, overlap, folding, lengths in mm."""
        return self.registration.quality

    @property
    def affine(self) -> NDArray[np.float64]:
        """The alignment beforehand: 4 x 4, RAS mm, fixed points to moving points."""
        return self.registration.affine

    @property
    def displacement(self) -> WorldField:
        """Fixed points to moving points, RAS mm, on the fixed grid; the alignment is part of it."""
        return self.registration.displacement

    @property
    def inverse(self) -> WorldField:
        """Moving points to fixed points, RAS mm, on the moving grid."""
        return self.registration.inverse

    def warp(
        self,
        given: ImageLike,
        *,
        kind: Literal["labels", "image"] = "labels",
        mode: "LabelMode" = "linear",
        background: float | None = None,
    ) -> Any:
        """A label map of the moving side (``kind="image"``: an intensity image) on the fixed image's grid.

        Labels keep their ids; ``mode`` is how they are read between voxels: the neighbours' weighted vote, or
        ``"nearest"``. Images are read linearly, and are ``background`` where they do not reach (by default what
        surrounds the head in them). Raises ``DataError`` for labels that are not whole numbers.
        """
        if kind == "image":
            volume = image(given, "image").volume
            return self.fixed.like(warp_image_to(volume, self.displacement, background=background))
        found = labels(given, "labels")
        count = len(np.unique(found.array))
        if count > _MANY_LABELS:
            front().warn(f"{count} different labels: if this is an intensity image, give kind='image'")
        return self.fixed.like(warp_labels_to(found, self.displacement, mode))

    def warp_points(
        self, points: NDArray[np.floating[Any]], *, to: Literal["fixed", "moving"] = "fixed"
    ) -> NDArray[np.float64]:
        """World points ``(N, 3)``, RAS mm: from the moving image into the fixed; ``to="moving"`` goes back."""
        given = np.asarray(points, np.float64)
        if given.ndim != 2 or given.shape[1] != 3:
            raise UsageError(
                f"points of shape {given.shape}, expected (N, 3)", "give one row of x, y, z in RAS mm a point"
            )
        field = self.inverse if to == "fixed" else self.displacement
        if count := int((~inside(field.grid, given)).sum()):
            front().warn(
                f"{count} of {len(given)} points lie outside the {'moving' if to == 'fixed' else 'fixed'} image's "
                "field, which does not move them"
            )
        return map_points(field, given)

    def jacobian(self, *, log: bool = False) -> Any:
        """Jacobian determinant of the map on the fixed grid, the alignment included (``log``: its natural logarithm,
        NaN at folds): the volume of the moving image that a unit of fixed volume comes from.
        """
        determinant = jacobian_determinant(self.displacement)
        if log:
            with np.errstate(invalid="ignore", divide="ignore"):
                determinant = np.where(determinant > 0, np.log(determinant), np.nan).astype(np.float32)
        return self.fixed.like(Volume(determinant, self.displacement.grid.affine))

    @speaks_python
    def save(
        self,
        folder: "str | os.PathLike[str]",
        *,
        field_format: "FieldFormat | Literal['h5']" = "itk",
        overwrite: bool = False,
    ) -> list[Path]:
        """The files of ``contreg register``, in ``folder``; returns their paths.

        Raises ``OutputError`` where they would be written over those of other images, or over these two, unless
        ``overwrite`` allows it.
        """
        place = Path(folder)
        if not overwrite:
            refuse_registration(place, self.moving.input, self.fixed.input)
        written = write_registration(
            place, self.registration, self.moving.input, self.fixed.input, self.about, field_format
        )
        record_sums(place, written)
        return written


@speaks_python
def register(
    moving: ImageLike,
    fixed: ImageLike,
    *,
    model: "str | os.PathLike[str] | LoadedModel" = UNTRAINED_MODEL,
    moving_labels: ImageLike | None = None,
    moving_mask: ImageLike | None = None,
    fixed_mask: ImageLike | None = None,
    alignment: "Alignment" = "affine",
    similarity: "Similarity" = "auto",
    label_mode: "LabelMode" = "linear",
    symmetric: bool = False,
    refine: int = 0,
    samples: int = 0,
    background: float | None = None,
    settings: Settings = (),
    seed: int = 0,
    device: str = "auto",
    precision: "Precision" = "auto",
) -> RegistrationResult:
    """Register two images of brains, extracted or with masks; the defaults are those of ``contreg register``.

    Images of any axis order, spacing and size: paths, nibabel or SimpleITK images, or (array, affine). ``alignment``
    (``"affine"``, ``"rigid"``, ``"none"``) comes first. ``similarity`` says how images of two contrasts are compared:
    ``"auto"`` as their joint intensities say, ``"same"`` as they are, ``"mapped"`` in the fixed image's contrast.
    ``model`` is a recipe that needs no training, a run, a model file, or what ``load`` gave. ``background`` is the
    warped image's value where the moving one does not reach, by default its own. What may be wrong with the answer is
    in ``result.warnings`` and warned of. Raises ``ContregError``.
    """
    loaded = ready(model, settings, symmetric, refine, device, precision)
    from contreg_core.inference.trained import registering

    registrar = registering(loaded.model, loaded.name)
    told = provenance(loaded.engine.describe(), plugin_versions(), ())
    images = image(moving, "moving"), image(fixed, "fixed")
    masks = tuple(
        None if given is None else labels(given, role)
        for given, role in ((moving_mask, "moving_mask"), (fixed_mask, "fixed_mask"))
    )
    carried = None if moving_labels is None else labels(moving_labels, "moving_labels")
    seed_torch("inference", seed)
    found = sparingly(
        lambda: register_images(
            registrar,
            images[0].volume,
            images[1].volume,
            moving_labels=carried,
            masks=(masks[0], masks[1]),
            label_mode=label_mode,
            alignment=alignment,
            samples=samples,
            similarity=similarity,
            background=background,
        ),
        front().warn,
    )
    brains = [find_brain(one.volume, mask) for one, mask in zip(images, masks, strict=True)]
    warnings = (*found.warnings, *cut_off(brains[0], brains[1], found.affine))
    warnings = tuple(in_python(line, _PARAMETERS) for line in warnings)
    for line in warnings:
        front().warn(line)
    about = {"model": about_model(registrar), "seed": seed, "provenance": told}
    return RegistrationResult(found, *images, warnings, about)


_PARAMETERS = frozenset(inspect.signature(register).parameters)
