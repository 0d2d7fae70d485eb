"""Stored numbers to true ones: images float32 and finite, label maps exact integers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.volume.header import Layout
from contreg_core.volume.volume import Volume

_BAD_SHARE = 1e-3
_INTEGER_TOLERANCE = 1e-3
_TYPES = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64)


def image_values(
    path: Path, stored: NDArray[np.generic], form: Layout
) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """float32; NaN and Inf up to 0.1 % of what is not 0 become 0, noted; more is refused, as is a constant image."""
    with np.errstate(over="ignore", invalid="ignore"):
        image = _true(stored, form).astype(np.float32, order="C")
    image, notes = _finite(path, image)
    if image.min() == image.max():
        raise DataError(
            f"{path}: every voxel is {image.flat[0]}, expected an image", "check the file", code="VAL-25"
        )
    return image, notes


def sound_image(name: str, image: Volume) -> Volume:
    """An image in memory as one of a file: float32 ``(X, Y, Z)`` of finite numbers; the same where it is that already.

    Masked voxels are 0, axes of one voxel after the third are dropped. Raises ``DataError`` for any other shape and for
    NaN or Inf inside the image.
    """
    array = image.array
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array, 0)
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3 or min(array.shape, default=0) < 1 or array.dtype.kind not in "iufb":
        raise DataError(
            f"{name}: an array of shape {image.array.shape} and type {image.array.dtype}, expected numbers (X, Y, Z)",
            "take one volume of it, as real numbers",
            code="HDR-29",
        )
    if array.dtype.kind != "f" or (array.dtype != np.float16 and np.isfinite(array).all()):
        return image if array is image.array else replace(image, array=array)
    values, notes = _finite(name, array.astype(np.float32))
    return replace(image, array=values, notes=(*image.notes, *notes))


def _finite(name: object, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """``image`` with 0 for NaN around the brain and for a few bad voxels; more is refused."""
    bad = ~np.isfinite(image)
    count = int(bad.sum())
    if not count:
        return image, ()
    around = bool(np.isnan(image[np.ix_(*((0, -1) for _ in image.shape))]).all())
    image = np.where(bad, np.float32(0), image)
    if around:
        return image, (f"{count} NaN voxels around the brain set to 0",)
    present = int(np.count_nonzero(image))
    if count > _BAD_SHARE * (present + count):
        raise DataError(
            f"{name}: {count} voxels are NaN or Inf, beside {present} that hold a value; expected 0.1 % at most",
            "repair the image",
            code="VAL-09",
        )
    return image, (f"{count} NaN or Inf voxels set to 0",)


def label_values(
    path: Path, stored: NDArray[np.generic], form: Layout
) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """The smallest integer type that holds the labels; numbers up to 1e-3 off an integer are rounded."""
    if stored.dtype.kind in "iu" and not form.scaled:
        if stored.dtype == np.int8 and stored.min() < 0:
            raise DataError(
                f"{path}: labels {stored.min()} to {stored.max()} in signed bytes: ids above 127 have wrapped",
                "write it again as 16-bit integers (256 was taken from each of these ids)",
                code="VAL-22",
            )
        return smallest_integers(stored), ()
    _refuse_inexact(path, stored)
    scale = f" (stored with scale factor {form.slope:g})" if form.scaled else ""
    return _rounded(path, _true(stored, form), scale), ()


def whole_numbers(name: object, labels: Volume) -> Volume:
    """A label map in memory as one of a file: numbers up to 1e-3 off an integer are rounded, others refused."""
    if labels.array.dtype.kind in "iub":
        return replace(labels, array=smallest_integers(labels.array))
    _refuse_inexact(name, labels.array)
    return replace(labels, array=_rounded(name, labels.array.astype(np.float64), ""))


def _refuse_inexact(name: object, stored: NDArray[np.generic]) -> None:
    """Raise ``DataError`` for ids beyond the whole numbers that their type tells apart: two regions may be one."""
    if stored.dtype.kind != "f":
        return
    values: NDArray[np.floating[Any]] = stored  # type: ignore[assignment]
    largest = 2 ** (int(np.finfo(values.dtype).nmant) + 1)
    found = float(np.max(np.abs(values), initial=0, where=np.isfinite(values)))
    if found > largest:
        raise DataError(
            f"{name}: ids up to {found:.0f} stored as {stored.dtype}, which tells whole numbers up to {largest} apart",
            "write the label map again as 32-bit integers, from its source",
            code="VAL-21",
        )


def _rounded(name: object, values: NDArray[np.float64], scale: str) -> NDArray[np.generic]:
    if not np.isfinite(values).all():
        raise DataError(f"{name}: NaN or Inf in a label map", "write it again as integers", code="VAL-10")
    labels = np.rint(values)
    off = float(abs(values - labels).max())
    if off > _INTEGER_TOLERANCE or abs(labels).max() >= 2**31:
        raise DataError(
            f"{name}: labels are {off:.2g} off integers{scale}",
            "write it again as integers",
            code="VAL-22" if scale else "VAL-21",
        )
    return smallest_integers(labels)


def smallest_integers(labels: NDArray[np.generic]) -> NDArray[np.generic]:
    """The same whole numbers in the smallest integer type, native byte order, C order."""
    low, high = labels.min(), labels.max()
    fits = (t for t in _TYPES if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return np.ascontiguousarray(labels.astype(next(fits, np.uint64)))


def _true(stored: NDArray[np.generic], form: Layout) -> NDArray[np.float64]:
    values = stored.astype(np.float64)
    return values * form.slope + form.intercept if form.scaled else values
