"""Segment an image with a network that learned the labels: no reference, no registration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contreg_core.classes import LabelClass
from contreg_core.inference.images import find_brain, put_on_grid
from contreg_core.inference.placing import Placement
from contreg_core.inference.quality import Quality
from contreg_core.inference.segment import label_volumes
from contreg_core.inference.segmenter import TrainedSegmenter
from contreg_core.transform.world import Grid, sample_affine
from contreg_core.volume import Volume
from contreg_core.volume.values import sound_image


@dataclass(frozen=True)
class DirectSegmentation:
    """``labels`` on the image's own grid; ``shares`` ``(1 + classes, *space)`` on the working grid, background first.

    ``to_working`` leads from voxels of the image to voxels of the working grid. Of references there are none.
    """

    labels: Volume
    classes: Sequence[LabelClass]
    shares: NDArray[np.float32]
    to_working: NDArray[np.float64]
    warnings: tuple[str, ...]
    references: tuple[str, ...] = ()
    qualities: tuple[Quality, ...] = ()
    placements: tuple[Placement, ...] = ()

    def probabilities(self) -> Iterator[tuple[int, Volume]]:
        """(id, probability on the image's grid) of every class but background."""
        for one, share in zip(self.classes, self.shares[1:], strict=True):
            sampled = sample_affine(share, self.to_working, self.labels.array.shape)
            yield one.id, Volume(sampled, self.labels.affine)

    def volumes(self) -> dict[int, float]:
        """Id -> mm3, background left out."""
        return label_volumes(self.labels)


def segment_directly(model: TrainedSegmenter, image: Volume) -> DirectSegmentation:
    """Label a brain-extracted image in any axis order, at the recipe's spacing; ids are those of the model's classes.

    Between the voxels of the working grid probabilities are read linearly, and the largest wins.
    """
    image = sound_image("the image", image)
    brain = find_brain(image)
    spec = model.recipe.preprocessing
    gridded = put_on_grid(brain, brain.grid(spec.spacing), spec, model.landmarks)
    shares = model.probabilities(gridded.image)
    to_working = np.linalg.inv(gridded.grid.affine) @ image.affine
    numbers = _likeliest(shares, to_working, Grid.of(image))
    ids = np.array([0, *(one.id for one in model.classes)])
    holding = ids.astype(np.min_scalar_type(int(ids.max())))
    return DirectSegmentation(
        Volume(holding[numbers], image.affine), model.classes, shares, to_working, brain.warnings
    )


def _likeliest(shares: NDArray[np.float32], to_working: NDArray[np.float64], grid: Grid) -> NDArray[np.int64]:
    """One class in memory at a time: an image of many labels has no room for all; ties go to the first."""
    most = sample_affine(shares[0], to_working, grid.shape)
    numbers = np.zeros(grid.shape, np.int64)
    for number, share in enumerate(shares[1:], start=1):
        sampled = sample_affine(share, to_working, grid.shape)
        wins = sampled > most
        numbers[wins], most[wins] = number, sampled[wins]
    return numbers
