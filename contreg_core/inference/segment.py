"""Segment an image by registering labelled references to it and fusing what they carry (methods.md C.6, B.7.4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.evaluation.similarity import ncc
from contreg_core.inference import fusion
from contreg_core.inference.images import GriddedBrain, find_brain, put_on_grid
from contreg_core.inference.quality import Quality
from contreg_core.inference.references import Reference
from contreg_core.inference.register import GridRegistration, Registrar, grid_fixed, register_on_grid
from contreg_core.inference.staple import Consensus, staple
from contreg_core.labels import LabelMode
from contreg_core.transform.world import Grid, sample_affine, warp_labels_to, world_field
from contreg_core.volume import Volume

Fusion: TypeAlias = Literal["majority", "weighted", "staple"]


@dataclass(frozen=True)
class Segmentation:
    """``labels`` on the image's own grid, and how they came about.

    ``carried`` ``(K, *space)`` are the label maps of the K references, ``weights`` their local weights on that grid
    (None: one vote each), ``qualities`` their registrations', all in the order of ``references``; ``consensus`` is
    there where they were fused by STAPLE.
    """

    labels: Volume
    references: tuple[str, ...]
    qualities: tuple[Quality, ...]
    carried: fusion.Labels
    weights: NDArray[np.float32] | None
    warnings: tuple[str, ...]
    consensus: Consensus | None = None

    def probabilities(self) -> Iterator[tuple[int, Volume]]:
        """(id, share of the votes, or probability by STAPLE) of every label but background."""
        known = self.consensus.probabilities() if self.consensus else None
        for label, share in known or fusion.probabilities(self.carried, self.weights):
            yield label, Volume(share, self.labels.affine)

    def volumes(self) -> dict[int, float]:
        """Label id -> mm3, background left out."""
        return label_volumes(self.labels)


def label_volumes(labels: Volume) -> dict[int, float]:
    """Label id -> mm3, background left out."""
    ids, counts = np.unique(labels.array, return_counts=True)
    voxel = abs(float(np.linalg.det(labels.affine[:3, :3])))
    return {int(i): int(n) * voxel for i, n in zip(ids, counts, strict=True) if i}


def segment_image(
    model: Registrar,
    image: Volume,
    references: Sequence[Reference],
    *,
    most: int | None = None,
    fuse: Fusion = "majority",
    label_mode: LabelMode = "linear",
) -> Segmentation:
    """Labels of a brain-extracted image from its ``most`` similar references (None: all).

    Every reference is moving, the image is fixed. Similar means NCC of the preprocessed images before registration.
    Raises ``DataError`` where no reference meets the image in world space.
    """
    brain = find_brain(image)
    fixed = grid_fixed(model, brain)
    chosen = choose(model, fixed, references, most)
    results, carried = [], []
    for reference in chosen:
        result = register_on_grid(model, reference.brain, fixed)
        results.append(result)
        carried.append(_carry(reference, result, Grid.of(image), label_mode))
    votes = np.stack(carried)
    weights = _weights(results, Grid.of(image)) if fuse == "weighted" else None
    consensus = staple(votes) if fuse == "staple" else None
    labels = Volume(consensus.labels() if consensus else fusion.fuse(votes, weights), image.affine)
    qualities = tuple(result.quality for result in results)
    names = tuple(reference.name for reference in chosen)
    warnings = _warnings(brain.warnings, names, qualities)
    return Segmentation(labels, names, qualities, votes, weights, warnings, consensus)


def choose(
    model: Registrar, fixed: GriddedBrain, references: Sequence[Reference], most: int | None
) -> list[Reference]:
    """The references most like the fixed image by NCC inside its brain, best first; all, in order, for None."""
    if most is None or most >= len(references):
        return list(references)
    alike = [_similarity(model, fixed, reference) for reference in references]
    ranked = sorted(range(len(references)), key=lambda index: (-alike[index], index))
    return [references[index] for index in ranked[:most]]


def _similarity(model: Registrar, fixed: GriddedBrain, reference: Reference) -> float:
    try:
        moving = put_on_grid(reference.brain, fixed.grid, model.recipe.preprocessing, model.landmarks)
    except DataError:
        return -2.0  # below every NCC: a reference that does not meet the image
    return ncc(moving.image, fixed.image, fixed.mask)


def _carry(reference: Reference, result: GridRegistration, grid: Grid, mode: LabelMode) -> fusion.Labels:
    working = result.fixed.grid.affine
    field = world_field(result.displacement, working, working, grid)
    array: fusion.Labels = warp_labels_to(reference.labels, field, mode).array  # type: ignore[assignment]
    return array


def _weights(results: Sequence[GridRegistration], grid: Grid) -> NDArray[np.float32]:
    """Weights from the working grid, brought to the image's own."""
    fixed = results[0].fixed
    local = fusion.local_weights(np.stack([result.warped for result in results]), fixed.image)
    matrix = np.linalg.inv(fixed.grid.affine) @ grid.affine
    return np.stack([sample_affine(one, matrix, grid.shape) for one in local])


def _warnings(own: Sequence[str], names: Sequence[str], qualities: Sequence[Quality]) -> tuple[str, ...]:
    pairs = zip(names, qualities, strict=True)
    return (*own, *(f"reference {name}: {line}" for name, quality in pairs for line in quality.warnings()))
