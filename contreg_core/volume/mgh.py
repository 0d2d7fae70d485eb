"""FreeSurfer's MGH and MGZ: one big-endian header whose directions may be declared unknown."""

import math
from pathlib import Path

import numpy as np
from nibabel.freesurfer.mghformat import DATA_OFFSET, MGHHeader

from contreg_core.errors import DataError
from contreg_core.volume.choice import ReadChoice
from contreg_core.volume.geometry import spacing
from contreg_core.volume.header import Layout, check_shape
from contreg_core.volume.orientation import LARGEST_SCAN, StoredPlace, check_matrix, check_spacing

MGH_SUFFIXES = (".mgz", ".mgh")
_FLAG = slice(28, 30)


def mgh_header(path: Path, block: bytes) -> MGHHeader:
    """The header in the first bytes of a file; raises ``DataError`` for anything but version 1."""
    if len(block) < DATA_OFFSET:
        raise DataError(
            f"{path}: file ends early at byte {len(block)}, in its header", "copy it again", code="FILE-01"
        )
    header = MGHHeader(block[:DATA_OFFSET], check=False)
    if int(header["version"]) != 1:
        raise DataError(
            f"{path}: found {block[:4]!r}, expected an MGH header of version 1",
            "convert it again",
            code="FILE-05",
        )
    return header


def mgh_layout(path: Path, header: MGHHeader, choice: ReadChoice) -> Layout:
    """The verified data layout; refuses before anything is allocated."""
    dims = [int(n) for n in header["dims"]]
    shape = check_shape(path, dims, choice=choice)
    try:
        dtype: np.dtype[np.generic] = header.get_data_dtype()
    except KeyError as error:
        raise DataError(
            f"{path}: unknown data type code {header['type']}", "convert the file", code="HDR-18"
        ) from error
    chosen = choice.volume or 0
    return Layout(shape, dtype, DATA_OFFSET, 1.0, 0.0, (), math.prod(dims[3:]), chosen if dims[3] > 1 else 0)


def mgh_placement(path: Path, header: MGHHeader, block: bytes, largest: float = LARGEST_SCAN) -> StoredPlace:
    """Voxels to RAS mm; without its flag the place is FreeSurfer's default (1 mm voxels), hence guessed."""
    affine = np.asarray(header.get_affine(), np.float64)
    check_matrix(path, "direction matrix", affine)
    check_spacing(path, spacing(affine), largest)
    known = any(block[_FLAG])  # nibabel sets the flag with the defaults it fills in
    return StoredPlace(affine, known, () if known else ("the file stores no orientation",))
