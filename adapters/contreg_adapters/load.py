"""One scan from its files: verified against each other, turned to RAS+ by the labels where they can tell."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.checks import check_grid, check_label_ids, on_grid, resampled, without_foreign
from contreg_adapters.orientation import Landmarks, corrected, true_codes
from contreg_core.cohort import LoadedScan, Repairs, Scan
from contreg_core.errors import DataError, MissingError
from contreg_core.volume import Volume, axis_codes, like_stored, read_volume, to_ras
from contreg_core.volume.orientation import no_orientation

NONE = Repairs()
"""What a cohort does by itself."""


@dataclass(frozen=True)
class Study:
    """What its label maps are held against: known ``ids`` (``None`` for any) and the places of ``landmarks``.

    ``foreign_is_background`` sets other ids to 0, with a note, instead of refusing the map.
    """

    name: str
    ids: frozenset[int] | None = None
    landmarks: Landmarks | None = None
    foreign_is_background: bool = False


def load_scan(scan: Scan, study: Study, repairs: Repairs = NONE) -> LoadedScan:
    """Image, label map and mask in RAS+ on one affine; ``notes`` tell the orientation and what was repaired."""
    if scan.image is None:
        raise MissingError(f"{scan.id}: no image file", "take scans from scans()")
    image = read_volume(scan.image, kind="image", choice=repairs.choice)
    labels, label_notes = _beside(image, scan.image, scan.labels, study, repairs)
    mask, mask_notes = _beside(image, scan.image, scan.mask, study, repairs)
    inside = _inside(scan, image if mask is None else mask)
    if labels is not None:
        labels, id_notes = _known(labels, scan.labels, study, repairs)
        label_notes = (*label_notes, *id_notes)
    if not image.oriented and (labels is None or study.landmarks is None):
        raise no_orientation(scan.image)  # a guess would be believed
    turned, sentence = _turned(scan, image, labels, study)
    return LoadedScan(
        to_ras(turned),
        None if labels is None else to_ras(replace(turned, array=labels.array)),
        to_ras(replace(turned, array=inside)).array.astype(bool),
        (*image.notes, *label_notes, *mask_notes, sentence),
    )


def _beside(
    image: Volume, image_path: Path, path: Path | None, study: Study, repairs: Repairs
) -> tuple[Volume | None, tuple[str, ...]]:
    """A label map or mask that was checked to share the image's grid, and what there is to say about it."""
    if path is None:
        return None, ()
    volume = read_volume(path, kind="labels", choice=repairs.choice)
    if not volume.oriented and image.oriented and volume.array.shape == image.array.shape:
        volume = replace(volume, affine=image.affine)
    if study.landmarks is None and image.oriented and volume.oriented and not on_grid(image, volume):
        volume = like_stored(volume, image)  # one box of the world; headers of a study with landmarks may lie
    if repairs.resample_labels and not on_grid(image, volume):
        return resampled(volume, image, path)
    return volume, (*volume.notes, *check_grid(image, image_path, volume, path))


def _inside(scan: Scan, brain: Volume) -> NDArray[np.bool_]:
    """Where the mask file is above 0, or else the skull-stripped image is not 0."""
    values = np.asarray(brain.array, np.float32)
    # A z-scored image has brain below 0, and above.
    inside = values != 0 if scan.mask is None and values.max() > 0 else values > 0
    if not inside.any():
        raise DataError(
            f"{scan.mask or scan.image}: no voxel above 0", "give a brain-extracted image", code="VAL-25"
        )
    return inside


def _known(
    labels: Volume, path: Path | None, study: Study, repairs: Repairs
) -> tuple[Volume, tuple[str, ...]]:
    """The label map with the study's ids alone."""
    if study.ids is None:
        return labels, ()
    allowed = repairs.unknown_labels or ("background" if study.foreign_is_background else "refuse")
    if allowed == "background":
        return without_foreign(labels, study.ids)
    check_label_ids(labels, path, study.ids, study.name)
    return labels, ()


def _turned(scan: Scan, image: Volume, labels: Volume | None, study: Study) -> tuple[Volume, str]:
    """The image under the directions its labels tell, and a sentence on them."""
    if labels is None or study.landmarks is None:
        what = "no labels" if labels is None else "no known landmarks"
        return image, f"{what} to check the orientation: the header's {axis_codes(image.affine)} was taken"
    try:
        return corrected(image, true_codes(labels.array, study.landmarks))
    except DataError as error:
        raise DataError(f"{scan.labels}: {error.message}", error.hint, code=error.code) from error
