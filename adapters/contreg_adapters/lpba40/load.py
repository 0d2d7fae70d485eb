"""One LPBA40 scan from its files: verified against each other, turned to RAS+ by the labels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.lpba40.checks import check_grid, check_label_ids
from contreg_adapters.lpba40.labels import label_table
from contreg_adapters.lpba40.orientation import corrected, true_codes
from contreg_core.cohort import LoadedScan, Scan
from contreg_core.errors import DataError, MissingError
from contreg_core.volume import Volume, axis_codes, read_volume, to_ras


def load_scan(scan: Scan) -> LoadedScan:
    """Image, label map and mask in RAS+ on one affine; ``notes`` tell the orientation and what was repaired."""
    if scan.image is None:
        raise MissingError(f"{scan.id}: no image file", "take scans from scans()")
    image = read_volume(scan.image, kind="image")
    labels, label_notes = _beside(image, scan.image, scan.labels)
    mask, mask_notes = _beside(image, scan.image, scan.mask)
    inside = _inside(scan, image if mask is None else mask)
    turned, sentence = _turned(scan, image, labels)
    return LoadedScan(
        to_ras(turned),
        None if labels is None else to_ras(replace(turned, array=labels.array)),
        to_ras(replace(turned, array=inside)).array.astype(bool),
        (*image.notes, *label_notes, *mask_notes, sentence),
    )


def _beside(image: Volume, image_path: Path, path: Path | None) -> tuple[Volume | None, tuple[str, ...]]:
    """A label map or mask that was checked to share the image's grid, and what there is to say about it."""
    if path is None:
        return None, ()
    volume = read_volume(path, kind="labels")
    return volume, (*volume.notes, *check_grid(image, image_path, volume, path))


def _inside(scan: Scan, brain: Volume) -> NDArray[np.bool_]:
    """Where the mask file, or else the skull-stripped image, is above 0."""
    inside = np.asarray(brain.array, np.float32) > 0
    if not inside.any():
        raise DataError(f"{scan.mask or scan.image}: no voxel above 0", "give a brain-extracted image")
    return inside


def _turned(scan: Scan, image: Volume, labels: Volume | None) -> tuple[Volume, str]:
    """The image under the directions its labels tell, and a sentence on them."""
    if labels is None:
        return image, f"no labels to check the orientation: the header's {axis_codes(image.affine)} was taken"
    check_label_ids(labels, scan.labels, label_table())
    try:
        return corrected(image, true_codes(labels.array))
    except DataError as error:
        raise DataError(f"{scan.labels}: {error.message}", error.hint) from error
