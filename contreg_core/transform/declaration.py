"""What a field file says of itself, and what may be said of it: the file outranks the person."""

from pathlib import Path

import numpy as np

from contreg_core.errors import DataError, UsageError
from contreg_core.transform.convention import CONVENTIONS, FieldFormat, Vectors, fsl_matrix
from contreg_core.transform.sidecar import Declared
from contreg_core.transform.world import Grid, positions
from contreg_core.volume import VectorVolume

_FORMATS = ", ".join(CONVENTIONS)
_DISPLACEMENT, _FSL = 1006, 2006
_FSL_SPLINES = {2007: "cubic spline", 2008: "DCT", 2009: "quadratic spline"}
_TOPUP = {2016: "cubic spline", 2017: "quadratic spline", 2018: "Hz"}
_NIFTYREG, _NIFTYREG_DISPLACEMENT = "NREG_TRANS", 1
"""NiftyReg's intent name, and its first intent parameter of a displacement in RAS mm."""
_LEFT = 0.1
"""Share of a field's variance that is left without the positions, where it holds them."""


def convention_of(
    path: Path, stored: VectorVolume, form: FieldFormat | None, beside: Declared
) -> FieldFormat:
    """The convention of a field; ``form`` is what a person says of it. Raises as ``read_field`` does."""
    _refuse_coefficients(path, stored)
    own, why = _own(stored, beside)
    if own is None and stored.intent == _FSL and form is not None and not form.startswith("fsl"):
        raise UsageError(
            f"{path}: a warp of FSL (NIfTI intent {_FSL}), not '{form}'",
            "name it: --field-format fsl or fsl-absolute",
        )
    if own is not None and form not in (None, own):
        raise UsageError(f"{path}: '{own}' by {why}, not '{form}'", "leave --field-format out")
    if own is not None:
        return own
    if form is not None:
        _check_absolute(path, form, stored.vectors, Grid(stored.affine, stored.vectors.shape[1:]))
        return form
    found = (
        "FSL warps may be relative or absolute" if stored.intent == _FSL else "several tools write such files"
    )
    doubt = f"; {beside.doubt}" if beside.doubt else ""
    raise UsageError(
        f"{path}: does not say what its numbers mean ({found}{doubt})", f"name it: --field-format {_FORMATS}"
    )


def _refuse_coefficients(path: Path, stored: VectorVolume) -> None:
    """Raise ``DataError`` for numbers that are no displacements, with what makes displacements of them."""
    if stored.intent in _FSL_SPLINES:
        raise DataError(
            f"{path}: FNIRT's {_FSL_SPLINES[stored.intent]} coefficients (NIfTI intent {stored.intent}), "
            "expected a field",
            "first run: fnirtfileutils --in=FILE --ref=FIXED --out=FIELD --withaff",
        )
    if stored.intent in _TOPUP:
        raise DataError(
            f"{path}: topup's {_TOPUP[stored.intent]} field (NIfTI intent {stored.intent}), expected displacements",
            "first run: topup with --dfout, which writes displacements in mm",
        )
    if stored.intent_name.startswith(_NIFTYREG) and stored.intent_p1 != _NIFTYREG_DISPLACEMENT:
        raise DataError(
            f"{path}: a NiftyReg transform of type {stored.intent_p1:g}, expected a displacement (type 1)",
            "first run: reg_transform -ref FIXED -disp FILE FIELD",
        )


def _own(stored: VectorVolume, beside: Declared) -> tuple[FieldFormat | None, str]:
    """What the file or the JSON beside it says, and which of them."""
    if stored.intent_name.startswith(_NIFTYREG):
        return "ras", "NiftyReg's intent"
    known = next((form for form in CONVENTIONS if form == beside.form), None)
    if known is not None:
        return known, "the JSON beside it"
    if stored.intent_name == CONVENTIONS["spm"].intent_name:
        return "spm", "SPM's intent name"
    return ("ras", f"its NIfTI intent {_DISPLACEMENT}") if stored.intent == _DISPLACEMENT else (None, "")


def _check_absolute(path: Path, form: FieldFormat, stored: Vectors, grid: Grid) -> None:
    """Refuse positions taken for displacements, and the other way round; raises ``UsageError``.

    By the variance that is left without the positions of the voxels: FSL's own programs tell the two apart so.
    """
    ras = positions(grid.affine, grid.shape)
    lps = ras * np.array([-1.0, -1.0, 1.0]).reshape(3, 1, 1, 1)
    fsl = positions(fsl_matrix(grid), grid.shape)
    spread = _variance(stored)
    relative = {"itk": (ras, lps), "ras": (ras, lps), "fsl": (fsl,)}.get(form, ())
    if any(_variance(stored - places) < _LEFT * spread for places in relative):
        right = "fsl-absolute" if form == "fsl" else "spm, where they are RAS mm"
        raise UsageError(
            f"{path}: its numbers are where points go, not how far: no '{form}'",
            f"name it: --field-format {right}",
        )
    absolute = {"spm": ras, "fsl-absolute": fsl}.get(form)
    if absolute is not None and spread < _LEFT * _variance(absolute):
        right = "fsl" if form == "fsl-absolute" else "itk or ras"
        raise UsageError(
            f"{path}: its numbers are how far points go, not where: no '{form}'",
            f"name it: --field-format {right}",
        )


def _variance(vectors: Vectors) -> float:
    return float(vectors.reshape(3, -1).var(axis=1).sum())
