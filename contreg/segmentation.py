"""``contreg.segment``: labels for one image, in a Python program."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contreg.front import front
from contreg.images import Given, ImageLike, image, labels
from contreg.loading import UNTRAINED_MODEL, LoadedModel, Settings, ready
from contreg.plugins import plugin_versions
from contreg.wording import speaks_python
from contreg_core.errors import UsageError
from contreg_core.inference.images import find_brain, labels_on_image, mask_on_image
from contreg_core.inference.label_table import TableRow
from contreg_core.inference.outputs import about_model, refuse_segmentation, write_segmentation
from contreg_core.inference.references import Reference
from contreg_core.inference.segment import Fusion, Segmentation, segment_image
from contreg_core.inference.segment_directly import DirectSegmentation, segment_directly
from contreg_core.inference.segmenter import TrainedSegmenter
from contreg_core.memory import sparingly
from contreg_core.provenance import provenance
from contreg_core.sums import record_sums
from contreg_core.training.seeds import seed_torch
from contreg_core.volume import Volume

if TYPE_CHECKING:
    from contreg_core.engine import Precision
    from contreg_core.inference.prediction import Alignment, Similarity
    from contreg_core.labels import LabelMode


@dataclass(frozen=True)
class SegmentationResult:
    """What ``segment`` gives. Label maps come back in the form the image was given in, as ``register``'s do."""

    segmentation: Segmentation | DirectSegmentation
    image: Given
    warnings: tuple[str, ...]
    table: tuple[TableRow, ...]
    about: Mapping[str, Any] = field(repr=False)

    @cached_property
    def labels(self) -> Any:
        """The label map on the image's own grid."""
        return self.image.like(self.segmentation.labels)

    @cached_property
    def volumes(self) -> dict[int, float]:
        """Label id -> mm3, background left out."""
        return self.segmentation.volumes()

    def probabilities(self) -> dict[int, Any]:
        """Label id -> share of the votes (of a supervised run: probability), on the image's own grid."""
        return {label: self.image.like(share) for label, share in self.segmentation.probabilities()}

    @speaks_python
    def save(
        self, folder: "str | os.PathLike[str]", *, probabilities: bool = False, overwrite: bool = False
    ) -> list[Path]:
        """The files of ``contreg segment``, in ``folder``; returns their paths.

        Raises ``OutputError`` where they would be written over those of another image, or over this one, unless
        ``overwrite`` allows it.
        """
        place = Path(folder)
        if not overwrite:
            refuse_segmentation(place, self.image.input)
        written = write_segmentation(
            place, self.segmentation, self.image.input, self.table, self.about, probabilities=probabilities
        )
        record_sums(place, written)
        return written


@speaks_python
def segment(
    given: ImageLike,
    atlas: Sequence[tuple[ImageLike, ImageLike]] | tuple[ImageLike, ImageLike] = (),
    *,
    model: "str | os.PathLike[str] | LoadedModel" = UNTRAINED_MODEL,
    mask: ImageLike | None = None,
    references: int | None = None,
    fusion: Fusion = "majority",
    alignment: "Alignment" = "affine",
    similarity: "Similarity" = "auto",
    label_mode: "LabelMode" = "linear",
    symmetric: bool = False,
    refine: int = 0,
    samples: int = 0,
    settings: Settings = (),
    seed: int = 0,
    device: str = "auto",
    precision: "Precision" = "auto",
) -> SegmentationResult:
    """Label an image of a brain by the labelled images of ``atlas``, or by a supervised run.

    ``atlas`` is one (image, labels) or a list of them; of many, the ``references`` most similar vote (None: all).
    ``mask`` is the brain of an image that holds more. Other arguments as of ``register``. Raises ``ContregError``.
    """
    loaded = ready(model, settings, symmetric, refine, device, precision)
    told = provenance(loaded.engine.describe(), plugin_versions(), ())
    found = image(given, "image")
    if mask is not None:
        found = _inside(found, mask_on_image(labels(mask, "mask"), found.volume))
    seed_torch("inference", seed)
    about = {"model": about_model(loaded.model), "seed": seed, "provenance": told}
    pairs = _pairs(atlas)
    if isinstance(loaded.model, TrainedSegmenter):
        if pairs:
            raise UsageError(
                f"atlas is given, but '{loaded.recipe.name}' labels images without one", "leave out atlas"
            )
        direct = segment_directly(loaded.model, found.volume)
        rows = tuple(TableRow(one.label()) for one in loaded.model.classes)
        return _result(direct, found, rows, about)
    if not pairs:
        raise UsageError(
            f"'{loaded.recipe.name}' registers and needs labelled images",
            "give atlas=(image, labels), or a list of such pairs",
        )
    registrar = loaded.model
    known = [_reference(number, *pair) for number, pair in enumerate(pairs, 1)]
    carried = sparingly(
        lambda: segment_image(
            registrar,
            found.volume,
            known,
            most=references,
            fuse=fusion,
            label_mode=label_mode,
            alignment=alignment,
            samples=samples,
            similarity=similarity,
        ),
        front().warn,
    )
    how = {"fusion": fusion, "label_mode": label_mode, "samples": samples}
    return _result(carried, found, (), {**how, **about, "atlas": [one.name for one in known]})


def _inside(given: Given, mask: Volume) -> Given:
    """The image with 0 outside the mask."""
    array = np.where(mask.array != 0, given.volume.array, np.zeros(1, given.volume.array.dtype))
    extracted = replace(given.volume, array=array)
    return Given(given.kind, replace(given.input, volume=extracted))


def _result(
    found: Segmentation | DirectSegmentation,
    given: Given,
    table: tuple[TableRow, ...],
    about: Mapping[str, Any],
) -> SegmentationResult:
    for line in found.warnings:
        front().warn(line)
    return SegmentationResult(found, given, tuple(found.warnings), table, about)


def _pairs(atlas: Any) -> list[tuple[ImageLike, ImageLike]]:
    """One pair or a list of them; an (array, affine) is a tuple of two as well, but holds no pair."""
    if isinstance(atlas, tuple) and len(atlas) == 2 and not _is_pair(atlas[0]):
        return [atlas]
    if wrong := [one for one in atlas if not (isinstance(one, tuple | list) and len(one) == 2)]:
        raise UsageError(
            f"atlas: found {type(wrong[0]).__name__}, expected pairs of an image and its labels",
            "give atlas=(image, labels), or a list of such pairs",
        )
    return [(one[0], one[1]) for one in atlas]


def _is_pair(one: Any) -> bool:
    """(image, labels) rather than (array, affine), which is one image."""
    return isinstance(one, tuple | list) and len(one) == 2 and getattr(one[1], "shape", ()) != (4, 4)


def _reference(number: int, given: ImageLike, drawn: ImageLike) -> Reference:
    found = image(given, f"atlas{number}")
    return Reference(
        found.input.path.name,
        find_brain(found.volume),
        labels_on_image(labels(drawn, f"labels of atlas {number}"), found.volume),
    )
