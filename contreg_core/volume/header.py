"""Headers of NIfTI-1, NIfTI-2 and Analyze 7.5, parsed by nibabel and then not believed."""

import math
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.analyze import AnalyzeHeader
from nibabel.nifti1 import Nifti1PairHeader
from nibabel.nifti2 import Nifti2PairHeader
from nibabel.spatialimages import HeaderDataError
from nibabel.spm2analyze import Spm2AnalyzeHeader

from contreg_core.errors import DataError
from contreg_core.volume.choice import AS_IT_SAYS, ReadChoice
from contreg_core.volume.stream import describe

HEADER_BYTES = 540
"""The longer of the two header sizes."""


@dataclass(frozen=True)
class Layout:
    """How voxels lie in the data file: ``shape`` (3-D), stored ``dtype``, byte ``offset``, scale factors.

    ``components`` whole volumes follow one another: 3 of a vector field, any number of a 4-D file, of which ``chosen``
    is the one to take.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[np.generic]
    offset: int
    slope: float
    intercept: float
    notes: tuple[str, ...] = ()
    components: int = 1
    chosen: int = 0

    @property
    def expected(self) -> int:
        """Bytes the data file must hold."""
        return self.offset + math.prod(self.shape) * self.components * self.dtype.itemsize

    @property
    def scaled(self) -> bool:
        """Whether stored values differ from true ones."""
        return (self.slope, self.intercept) != (1.0, 0.0)


def parse_header(path: Path, block: bytes, *, single: bool) -> AnalyzeHeader:
    """The header in ``block``; ``single`` when header and voxels are one file (``.nii``)."""
    kind, size = _kind(path, block, single)
    try:
        return kind(block[:size], check=False)
    except (HeaderDataError, ValueError) as error:
        raise DataError(
            f"{path}: unreadable header: {error}", "copy or convert the file again", code="FILE-05"
        ) from error


def _kind(path: Path, block: bytes, single: bool) -> tuple[type[AnalyzeHeader], int]:
    """Which of the formats the size field and the magic name."""
    declared = {int.from_bytes(block[:4], order) for order in ("little", "big")}
    letter = b"n+" if single else b"ni"
    if 540 in declared and len(block) >= 540 and block[4:12] == letter + b"2\0\r\n\x1a\n":
        return (nib.Nifti2Header if single else Nifti2PairHeader), 540
    if 348 in declared and len(block) >= 348:
        if block[344:348] == letter + b"1\0":
            return (nib.Nifti1Header if single else Nifti1PairHeader), 348
        if not single and block[344:346] != b"n+":
            return Spm2AnalyzeHeader, 348
    if len(block) < 348:
        raise DataError(
            f"{path}: file ends early at byte {len(block)}, in its header", "copy it again", code="FILE-01"
        )
    raise DataError(
        f"{path}: found {describe(block)}, expected a NIfTI header", "convert it to .nii.gz", code="FILE-05"
    )


def layout(
    path: Path,
    header: AnalyzeHeader,
    *,
    single: bool,
    vectors: bool = False,
    choice: ReadChoice = AS_IT_SAYS,
) -> Layout:
    """The verified data layout; refuses before anything is allocated. ``vectors``: (X, Y, Z, 1, 3) or (X, Y, Z, 3)."""
    count = int(header["dim"][0])
    if not 1 <= count <= 7:
        raise _impossible(path, header["dim"].tolist())
    dims = [int(n) for n in header["dim"][1 : count + 1]]
    shape = check_shape(path, dims, vectors=vectors, choice=choice)
    dtype = check_dtype(path, _dtype(path, header), choice)
    slope, intercept, notes = _scale(header)
    offset = _offset(path, header, single)
    chosen = 0 if vectors or choice.volume is None else choice.volume
    components = math.prod(dims[3:])
    return Layout(shape, dtype, offset, slope, intercept, notes, components, chosen if components > 1 else 0)


def check_shape(
    path: Path, dims: list[int], *, vectors: bool = False, choice: ReadChoice = AS_IT_SAYS
) -> tuple[int, int, int]:
    """The size of the one volume that is wanted of a file of size ``dims``; raises ``DataError``."""
    if min(dims) < 1:
        raise _impossible(path, dims)
    if vectors and dims[3:] not in ([1, 3], [3]):
        raise DataError(
            f"{path}: found size {dims}, expected a field of size (X, Y, Z, 1, 3) or (X, Y, Z, 3)",
            "name a displacement field",
        )
    if not vectors and (volumes := math.prod(dims[3:])) > 1:
        _check_volume(path, volumes, choice)
    if len(dims) < 3 or min(dims[:3]) < 2:
        raise DataError(
            f"{path}: a flat image of size {dims}, expected three dimensions",
            "give a 3-D volume",
            code="HDR-29",
        )
    if math.prod(dims) > choice.max_voxels:
        raise DataError(
            f"{path}: header claims {math.prod(dims)} voxels, limit {choice.max_voxels}",
            "check the file; a larger one needs --max-voxels",
            code="HDR-14",
        )
    return dims[0], dims[1], dims[2]


def _impossible(path: Path, dims: list[int]) -> DataError:
    return DataError(f"{path}: impossible dimensions {dims}", "convert the file again", code="HDR-13")


def _check_volume(path: Path, volumes: int, choice: ReadChoice) -> None:
    if choice.volume is None:
        raise DataError(
            f"{path}: {volumes} volumes in one file, expected one",
            "name one: --volume 0 is the first",
            code="HDR-08",
        )
    if choice.volume >= volumes:
        raise DataError(
            f"{path}: {volumes} volumes, numbered from 0: there is no volume {choice.volume}",
            f"name one from 0 to {volumes - 1}",
            code="HDR-08",
        )


def _dtype(path: Path, header: AnalyzeHeader) -> np.dtype[np.generic]:
    try:
        dtype: np.dtype[np.generic] = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise DataError(
            f"{path}: unknown data type code {header['datatype']}", "convert the file", code="HDR-18"
        ) from error
    return dtype


def check_dtype(path: Path, dtype: np.dtype[np.generic], choice: ReadChoice) -> np.dtype[np.generic]:
    """``dtype``, where it holds one number a voxel or ``choice`` says which; raises ``DataError``."""
    if dtype.kind == "c" and not choice.magnitude:
        raise DataError(
            f"{path}: complex voxels ({dtype}), expected one number a voxel", "add --magnitude", code="HDR-19"
        )
    if dtype.names is not None and choice.channel not in range(len(dtype.names)):
        raise DataError(
            f"{path}: colour voxels ({', '.join(dtype.names)}), expected one number a voxel",
            "name a channel: --channel 0 is the first",
            code="HDR-19",
        )
    return dtype


def _offset(path: Path, header: AnalyzeHeader, single: bool) -> int:
    found = float(header["vox_offset"])
    least = header.single_vox_offset if single and isinstance(header, nib.Nifti1Header) else 0
    offset = found if found else least
    if not math.isfinite(offset) or not least <= offset <= 1 << 30:
        raise DataError(
            f"{path}: voxels said to begin at byte {found}, expected {least} or a little more",
            "convert the file again",
            code="HDR-17",
        )
    return int(offset)


def _scale(header: AnalyzeHeader) -> tuple[float, float, tuple[str, ...]]:
    """Slope and intercept; 0 means none by the standard, NaN and Inf are treated as none and noted."""
    slope = float(header["scl_slope"])
    intercept = float(header["scl_inter"]) if "scl_inter" in header else 0.0
    if not (math.isfinite(slope) and math.isfinite(intercept)):
        return 1.0, 0.0, (f"scale factor {slope}, {intercept} in the header ignored",)
    return (slope, intercept, ()) if slope else (1.0, 0.0, ())
