"""Segment an image by registering labelled references to it and fusing what they carry (protocols.md)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.evaluation.similarity import ncc
from contreg_core.inference import fusion
from contreg_core.inference.alignment import ROUGH_MM, aligned
from contreg_core.inference.contrast import compared
from contreg_core.inference.images import Brain, GriddedBrain, find_brain, put_on_grid
from contreg_core.inference.placing import Placement, place, rough_stage
from contreg_core.inference.prediction import Alignment, Similarity
from contreg_core.inference.quality import Quality
from contreg_core.inference.references import Reference
from contreg_core.inference.register import (
    GridRegistration,
    carry_all,
    grid_fixed,
    register_on_grid,
)
from contreg_core.inference.registrar import Registrar
from contreg_core.inference.sampling import sampler_of
from contreg_core.inference.staple import Consensus, staple
from contreg_core.labels import LabelMode
from contreg_core.transform.world import Grid, sample_affine
from contreg_core.volume import Volume
from contreg_core.volume.values import sound_image

T = TypeVar("T")

Fusion: TypeAlias = Literal["majority", "weighted", "staple"]


@dataclass(frozen=True)
class Segmentation:
    """``labels`` on the image's own grid, and how they came about.

    ``carried`` ``(K, *space)`` are the label maps of the K references (of every sample of each, where samples were
    asked for), ``weights`` their local weights on that grid (None: one vote each), ``qualities`` and ``placements``
    (image to reference) their registrations', all in the order of ``references``; ``consensus`` is there where they
    were fused by STAPLE.
    """

    labels: Volume
    references: tuple[str, ...]
    qualities: tuple[Quality, ...]
    placements: tuple[Placement, ...]
    carried: fusion.Labels
    weights: NDArray[np.float32] | None
    warnings: tuple[str, ...]
    consensus: Consensus | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided on the way, for people."""
        pairs = zip(self.references, self.placements, strict=True)
        return tuple(f"reference {name}: {one.note}" for name, one in pairs if one.note)

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
    alignment: Alignment = "none",
    samples: int = 0,
    similarity: Similarity = "auto",
    strict: bool = False,
) -> Segmentation:
    """Labels of a brain-extracted image from its ``most`` similar references (None: all).

    Every reference is moving, the image is fixed; ``alignment`` brings each onto it first. Similar means NCC of the
    preprocessed images after a rough alignment of that kind. With ``samples`` every reference votes by that many draws
    of the model's field, so that ``probabilities`` tell of its uncertainty too; ``similarity`` as of
    ``register_images``. Raises ``DataError`` where no reference meets the image in world space (``strict``: or where
    one seems mirrored), ``MismatchError`` where there is no variance to sample.
    """
    if samples:
        sampler_of(model)
    image = sound_image("the image", image)
    brain = find_brain(image)
    fixed = grid_fixed(model, brain)
    chosen = choose(model, brain, fixed, references, most, alignment)
    placements = tuple(place(reference.brain, brain, alignment) for reference in chosen)
    for placement in placements if strict else ():
        placement.refuse_swapped()
    results, carried = [], []
    for reference, stage in zip(chosen, (one.stage for one in placements), strict=True):
        result = register_on_grid(
            model, aligned(reference.brain, stage), fixed, samples=samples, similarity=similarity
        )
        results.append(result)
        carried += carry_all(reference.labels, result, stage, Grid.of(image), label_mode)
    votes = np.stack(carried)
    weights = _weights(results, Grid.of(image), samples or 1) if fuse == "weighted" else None
    consensus = staple(votes) if fuse == "staple" else None
    labels = Volume(consensus.labels() if consensus else fusion.fuse(votes, weights), image.affine)
    qualities = tuple(result.quality for result in results)
    names = tuple(reference.name for reference in chosen)
    warnings = _warnings(brain.warnings, names, placements, qualities)
    return Segmentation(labels, names, qualities, placements, votes, weights, warnings, consensus)


def choose(
    model: Registrar,
    brain: Brain,
    fixed: GriddedBrain,
    references: Sequence[Reference],
    most: int | None,
    alignment: Alignment = "none",
) -> list[Reference]:
    """The references most like the fixed image by NCC inside its brain, best first; all, in order, for None.

    ``fixed`` is ``brain`` on its working grid; the references are roughly aligned first.
    """
    return most_alike(
        references, most, lambda reference: _similarity(model, brain, fixed, reference.brain, alignment)
    )


def most_alike(found: Sequence[T], most: int | None, likeness: Callable[[T], float]) -> list[T]:
    """The ``most`` of ``found`` with the largest ``likeness``, best first; all, in order, for None."""
    if most is None or most >= len(found):
        return list(found)
    return sorted(found, key=likeness, reverse=True)[:most]


def _similarity(
    model: Registrar, brain: Brain, fixed: GriddedBrain, reference: Brain, alignment: Alignment
) -> float:
    try:
        near = aligned(reference, rough_stage(reference, brain, alignment, ROUGH_MM))
        moving = put_on_grid(near, fixed.grid, model.recipe.preprocessing, model.landmarks)
    except DataError:
        return -2.0  # below every NCC: a reference that does not meet the image
    return ncc(compared(moving, fixed)[0].image, fixed.image, fixed.mask)


def _weights(results: Sequence[GridRegistration], grid: Grid, votes: int) -> NDArray[np.float32]:
    """Weights from the working grid, brought to the image's own and shared by the ``votes`` of each reference."""
    fixed = results[0].fixed
    local = fusion.local_weights(np.stack([result.warped for result in results]), fixed.image)
    matrix = np.linalg.inv(fixed.grid.affine) @ grid.affine
    shares = [sample_affine(one / votes, matrix, grid.shape) for one in local]
    return np.stack([share for share in shares for _ in range(votes)])


def _warnings(
    own: Sequence[str], names: Sequence[str], placements: Sequence[Placement], qualities: Sequence[Quality]
) -> tuple[str, ...]:
    each = zip(names, placements, qualities, strict=True)
    told = ((name, line) for name, one, other in each for line in (*one.warnings(), *other.warnings()))
    return (*own, *(f"reference {name}: {line}" for name, line in told))
