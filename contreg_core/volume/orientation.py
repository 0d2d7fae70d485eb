"""The affine a header means, and whether it may be believed (bad-inputs.md)."""

from dataclasses import dataclass, replace
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.analyze import AnalyzeHeader
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.volume.choice import OrientationFrom
from contreg_core.volume.geometry import corners_apart, spacing

_TOLERANCE_MM = 0.1
_SINGULAR = 1e-13
_SMALLEST = 1e-4
LARGEST_SCAN, LARGEST_GRID = 8.0, 100.0
"""Voxels in mm: of scans, and of grids on which fields and coarse templates lie."""


_UNITS = {1: ("metres", 1e3), 2: ("mm", 1.0), 3: ("micrometres", 1e-3)}
"""NIfTI's codes of the unit of lengths."""


@dataclass(frozen=True)
class StoredPlace:
    """Affine (voxel -> RAS mm), whether its directions are stored or guessed, and what was repaired."""

    affine: NDArray[np.float64]
    oriented: bool
    notes: tuple[str, ...] = ()


def placement(
    path: Path,
    header: AnalyzeHeader,
    shape: tuple[int, ...],
    prefer: OrientationFrom,
    largest: float = LARGEST_SCAN,
) -> StoredPlace:
    """The placement of a grid: both NIfTI forms must agree, or ``prefer`` names the one to take.

    Voxels of more than ``largest`` mm are refused.
    """
    unit, in_mm = _unit(header)
    zooms = np.asarray(header["pixdim"][1:4], float) * in_mm
    if not np.isfinite(zooms).all():
        raise DataError(
            f"{path}: voxel size {zooms.tolist()} in the header", "write a correct voxel size", code="HDR-12"
        )
    notes = () if in_mm == 1 else (f"lengths in the header are in {unit}: read as mm",)
    forms = _forms(path, header) if isinstance(header, nib.Nifti1Header) else {}
    if not forms:
        guessed = _guessed(path, header, zooms, largest)
        return replace(guessed, affine=_scaled(guessed.affine, in_mm), notes=(*guessed.notes, *notes))
    affine = _scaled(_choose(path, forms, shape, prefer), in_mm)
    check_spacing(path, spacing(affine), largest)
    return StoredPlace(affine, True, (*_compare_zooms(path, zooms, affine), *notes))


def _unit(header: AnalyzeHeader) -> tuple[str, float]:
    """The unit of lengths that a NIfTI header names, and what one of it is in mm; mm where it names none."""
    code = int(header["xyzt_units"]) & 7 if isinstance(header, nib.Nifti1Header) else 0
    return _UNITS.get(code, ("mm", 1.0))


def _scaled(affine: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    return affine if factor == 1 else np.diag([factor, factor, factor, 1.0]) @ affine


def _forms(path: Path, header: nib.Nifti1Header) -> dict[str, NDArray[np.float64]]:
    sound = header.copy()
    sound["pixdim"][0] = sound["pixdim"][0] or 1.0  # 0 means +1 by the standard
    sound["pixdim"][1:4] = abs(sound["pixdim"][1:4])  # SPM99 wrote lengths below 0; the comparison notes it
    try:
        found = {"sform": sound.get_sform(coded=True)[0], "qform": sound.get_qform(coded=True)[0]}
    except (HeaderDataError, ValueError) as error:
        raise DataError(
            f"{path}: unreadable orientation: {error}", "write a correct header", code="GEO-30"
        ) from error
    forms = {name: np.asarray(affine, float) for name, affine in found.items() if affine is not None}
    for name, affine in forms.items():
        check_matrix(path, name, affine)
    return forms


def check_matrix(path: Path, name: str, affine: NDArray[np.float64]) -> None:
    """Refuse what is not finite or flattens space; raises ``DataError``."""
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < _SINGULAR:
        raise DataError(
            f"{path}: the {name} is no usable matrix: {affine[:3].tolist()}",
            "repair the header",
            code="GEO-30",
        )


def _choose(
    path: Path, forms: dict[str, NDArray[np.float64]], shape: tuple[int, ...], prefer: OrientationFrom
) -> NDArray[np.float64]:
    if prefer in forms:
        return forms[prefer]
    if len(forms) == 2 and (apart := corners_apart(forms["sform"], forms["qform"], shape)) > _TOLERANCE_MM:
        raise DataError(
            f"{path}: sform and qform place a corner {apart:.2f} mm apart, expected at most {_TOLERANCE_MM}",
            "choose one with --orientation-from sform or qform",
            code="GEO-30",
        )
    return next(iter(forms.values()))


def _guessed(path: Path, header: AnalyzeHeader, zooms: NDArray[np.float64], largest: float) -> StoredPlace:
    """Spacing from the header; centre at the origin and directions by habit (left-anterior-superior)."""
    if (zooms == 0).any():
        raise DataError(
            f"{path}: voxel size {zooms.tolist()} and no orientation", "write a correct header", code="HDR-11"
        )
    check_spacing(path, tuple(abs(zooms)), largest)
    notes: tuple[str, ...] = ("the file stores no orientation",)
    notes += (f"negative voxel size {zooms.tolist()}: sign ignored",) if (zooms < 0).any() else ()
    return StoredPlace(np.asarray(header.get_base_affine(), np.float64), False, notes)


def _compare_zooms(path: Path, zooms: NDArray[np.float64], affine: NDArray[np.float64]) -> tuple[str, ...]:
    lengths = np.array(spacing(affine))
    given = zooms != 0
    if (abs(abs(zooms) - lengths) > 1e-3 * lengths)[given].any():
        raise DataError(
            f"{path}: voxel size {zooms.tolist()} but the affine says {lengths.round(4).tolist()}",
            "rewrite the header: another program would read this file at another scale",
            code="GEO-30",
        )
    return (
        () if (zooms > 0).all() else (f"voxel size {zooms.tolist()} in the header: the affine's was taken",)
    )


def no_orientation(path: Path) -> DataError:
    """What is said of a file whose axes could point anywhere."""
    return DataError(
        f"{path}: the file stores no orientation, expected one in its header",
        "say how its axes point, if you know: --assume-orientation LAS",
        code="GEO-30",
    )


def check_spacing(path: Path, lengths: tuple[float, ...], largest: float = LARGEST_SCAN) -> None:
    """Refuse voxels no brain scan has; raises ``DataError``."""
    # To four digits: a turned affine stored in float32 makes 8.0000002 mm of 8.
    if not all(_SMALLEST <= round(length, 4) <= largest for length in lengths):
        raise DataError(
            f"{path}: voxels of {[round(x, 4) for x in lengths]} mm, expected {_SMALLEST} to {largest}",
            "check the units of the header, or give a scan with thinner slices",
            code="HDR-29",
        )
