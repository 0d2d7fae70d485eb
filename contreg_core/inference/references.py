"""Labelled references to segment with: image and label files, or the training subjects of a prepared cohort."""

from dataclasses import dataclass
from pathlib import Path

from contreg_core.cache import CachedCohort, CachedScan
from contreg_core.errors import DataError
from contreg_core.inference.images import Brain, brain_doubts, brain_mask, find_brain, labels_on_image
from contreg_core.transform.world import Grid
from contreg_core.volume import Volume, read_place, read_volume
from contreg_core.volume.choice import AS_IT_SAYS, ReadChoice
from contreg_core.volume.orientation import no_orientation


@dataclass(frozen=True)
class Reference:
    """A labelled brain; ``labels`` may lie on another grid of the same world space."""

    name: str
    brain: Brain
    labels: Volume


def split_atlas(text: str) -> tuple[Path, Path] | None:
    """``IMG:LABELS`` as two paths, or None where there is no colon (a cohort's name).

    Split at the last colon that leaves two files, else at the last one, so that names may hold colons.

    >>> split_atlas("lpba40") is None
    True
    >>> [str(path) for path in split_atlas("t1.nii:labels.nii")]
    ['t1.nii', 'labels.nii']
    """
    cuts = [index for index, letter in enumerate(text) if letter == ":"]
    if not cuts:
        return None
    pairs = [(Path(text[:cut]), Path(text[cut + 1 :])) for cut in reversed(cuts)]
    return next((pair for pair in pairs if pair[0].is_file() and pair[1].is_file()), pairs[0])


def read_reference(image: Path, labels: Path, choice: ReadChoice = AS_IT_SAYS) -> Reference:
    """A reference from an image and its label map, which must share a grid."""
    volume = read_image(image, choice)
    return Reference(image.name, find_brain(volume), read_labels_of(volume, labels, choice))


def read_image(path: Path, choice: ReadChoice = AS_IT_SAYS) -> Volume:
    """An image whose place in the world is known; raises ``DataError`` where the file stores no orientation."""
    volume = _oriented(path, read_volume(path, kind="image", choice=choice))
    if choice.strict and (doubts := brain_doubts(volume, brain_mask(volume.array))):
        raise DataError(
            f"{path}: {'; '.join(doubts)}",
            "give a brain-extracted image, or leave out --strict",
            code="VAL-27",
        )
    return volume


def read_grid(path: Path, choice: ReadChoice = AS_IT_SAYS) -> Grid:
    """The grid of an image, whatever its voxels hold; raises ``DataError`` where it stores no orientation."""
    place, shape = read_place(path, choice)
    return Grid(place.affine, shape)


def read_labels(path: Path, choice: ReadChoice = AS_IT_SAYS) -> Volume:
    """A label map whose place in the world is known; raises as ``read_image`` does."""
    return _oriented(path, read_volume(path, kind="labels", choice=choice))


def _oriented(path: Path, volume: Volume) -> Volume:
    if not volume.oriented:
        raise no_orientation(path)
    return volume


def read_labels_of(image: Volume, path: Path, choice: ReadChoice = AS_IT_SAYS) -> Volume:
    """The label map in ``path``, checked to be drawn on ``image``."""
    labels = read_volume(path, kind="labels", choice=choice)
    try:
        return labels_on_image(labels, image)
    except DataError as error:
        raise DataError(f"{path}: {error.message}", error.hint, code=error.code) from None


def training_references(cohort: CachedCohort) -> list[Reference]:
    """Every labelled training subject, already preprocessed; of scans in many spaces the own-space one."""
    scans = cohort.own_space(cohort.split("train"))
    references = [reference for scan in scans if (reference := _load(cohort, scan)) is not None]
    if not references:
        raise DataError(
            f"cohort '{cohort.name}': none of {len(scans)} training scans has labels, expected at least one",
            "give another cohort, or --atlas IMAGE:LABELS",
        )
    return references


def _load(cohort: CachedCohort, scan: CachedScan) -> Reference | None:
    subject = cohort.load(scan.id)
    if subject.labels is None:
        return None
    brain = Brain(Volume(subject.image, subject.affine), subject.mask, standardised=True)
    return Reference(scan.id, brain, Volume(subject.labels, subject.affine))
