"""The HDF5 schema of one cached scan, in one place.

``/image`` uint16 with attributes ``scale`` and ``offset`` (intensity = stored * scale + offset), ``/labels`` unsigned
integers (absent where the scan has none), ``/mask`` uint8; file attributes ``schema``, ``affine`` (16 numbers),
``notes`` (JSON: what every step did), ``key`` (what the file was made from), ``sources`` (JSON: SHA-256 of every source
file by name; absent in older files), ``content`` (SHA-256 of voxels and affine; likewise). Every dataset carries
fletcher32.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import ContregError, DataError, MismatchError, MissingError
from contreg_core.files import write_bytes
from contreg_core.plain_hdf5 import UNREADABLE, plain_member
from contreg_core.plain_json import parse_json
from contreg_core.preprocessing.apply import ProcessedScan

SCHEMA = 1
_REMEDY = "run the same prepare command with --verify, which makes it anew"
_LARGEST = 2**31
_FILTERS = {h5py.h5z.FILTER_FLETCHER32, 32001}
"""Those that contreg writes; 32001 is Blosc."""
_CONSTANT = 1 << 24
_HIGHEST_RATIO = 300
"""LZ4 reaches 255:1 at most."""


@dataclass(frozen=True)
class CachedSubject:
    """A scan as the cache holds it: float32 image, integer labels or None, boolean mask, affine, key, notes."""

    image: NDArray[np.float32]
    labels: NDArray[np.unsignedinteger[Any]] | None
    mask: NDArray[np.bool_]
    affine: NDArray[np.float64]
    key: str
    notes: tuple[str, ...]


def write_subject(
    path: Path, scan: ProcessedScan, key: str, sources: Mapping[str, str] | None = None
) -> None:
    """Write one scan, with the SHA-256 of its source files by name; the final name never holds a partial file."""
    stored, scale, offset = _quantise(np.asarray(scan.image.array, dtype=np.float32))
    mask = scan.mask.astype(np.uint8)
    labels = None if scan.labels is None else unsigned_labels(scan.labels.array, path.stem)
    affine = np.asarray(scan.image.affine, dtype=np.float64)
    # In memory first: the library's own errors on a full disk do not say so. From v110 on HDF5 sums its headers too.
    content = io.BytesIO()
    with h5py.File(content, "w", libver=("v110", "v110")) as file:
        file.attrs.update(schema=SCHEMA, affine=affine.ravel())
        _write_text(file, "key", key)
        _write_text(file, "notes", json.dumps(list(scan.notes)))
        _write_text(file, "sources", json.dumps(dict(sources or {})))
        _write_text(file, "content", _content(affine, scale, offset, stored, mask, labels))
        image = _create(file, "image", stored)
        image.attrs.update(scale=scale, offset=offset)
        _create(file, "mask", mask)
        if labels is not None:
            _create(file, "labels", labels)
    write_bytes(path, content.getbuffer())


def read_subject(path: Path) -> CachedSubject:
    """Read and check one scan; raises ``DataError`` for a damaged file, ``MismatchError`` for another schema."""
    with _open(path) as file:
        try:
            return _read(path, file)
        except ContregError:
            raise
        except UNREADABLE as error:
            raise DataError(f"{path}: damaged cache file ({error})", _REMEDY, code="CACHE-46") from error


def read_key(path: Path) -> str | None:
    """What a cached file was made from, or None where there is no readable one of this schema."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return _text(file, "key") if int(file.attrs["schema"]) == SCHEMA else None
    except UNREADABLE:
        return None


def read_sources(path: Path) -> dict[str, str]:
    """SHA-256 of the source files by name, as the file tells; empty where it does not."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return dict(parse_json(_text(file, "sources")))
    except UNREADABLE:
        return {}


def content_sum(path: Path) -> str:
    """SHA-256 of the voxels and the affine, the same whenever and from whatever files they were made.

    Of a file that does not tell (contreg 0.1 wrote such) it is counted; empty where there is no readable one.
    """
    try:
        with _open(path) as file:
            return _text(file, "content") if "content" in file.attrs else _counted(path, file)
    except (ContregError, *UNREADABLE):
        return ""


def _counted(path: Path, file: h5py.File) -> str:
    image = _dataset(path, file, "image")
    labels = _dataset(path, file, "labels")[()] if "labels" in file else None
    scale, offset = float(image.attrs["scale"]), float(image.attrs["offset"])
    affine = np.asarray(file.attrs["affine"], dtype=np.float64)
    return _content(affine, scale, offset, image[()], _dataset(path, file, "mask")[()], labels)


def _content(
    affine: NDArray[np.float64], scale: float, offset: float, *arrays: NDArray[np.unsignedinteger[Any]] | None
) -> str:
    found = hashlib.sha256(np.array([*affine.ravel(), scale, offset], "<f8").tobytes())
    for array in arrays:
        found.update(b"none" if array is None else f"{array.dtype.str}{array.shape}".encode())
        if array is not None:
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _open(path: Path) -> h5py.File:
    import hdf5plugin  # noqa: F401 - importing it registers the filter

    if not path.is_file():
        raise MissingError(f"{path}: not in the cache", "run the prepare command of this cohort again")
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        raise DataError(f"{path}: not a readable HDF5 file ({error})", _REMEDY, code="CACHE-46") from error


def _read(path: Path, file: h5py.File) -> CachedSubject:
    schema = int(file.attrs["schema"])
    if schema != SCHEMA:
        raise MismatchError(f"{path}: cache schema {schema}, expected {SCHEMA}", _REMEDY, code="CACHE-45")
    image = _dataset(path, file, "image")
    values = np.empty(image.shape, dtype=np.float32)
    np.multiply(image[()], np.float32(image.attrs["scale"]), out=values, casting="unsafe")
    if offset := np.float32(image.attrs["offset"]):  # 0 where the background is the darkest
        values += offset
    labels = _dataset(path, file, "labels")[()] if "labels" in file else None
    mask = _dataset(path, file, "mask")[()] != 0
    affine = np.asarray(file.attrs["affine"], dtype=np.float64).reshape(4, 4)
    notes = tuple(str(note) for note in parse_json(_text(file, "notes")))
    return CachedSubject(values, labels, mask, affine, _text(file, "key"), notes)


def _dataset(path: Path, file: h5py.File, name: str) -> h5py.Dataset:
    """A plain dataset of this very file."""
    dataset = plain_member(file, name)
    if not isinstance(dataset, h5py.Dataset):
        raise DataError(f"{path}: '{name}' is not a plain dataset of this file", _REMEDY, code="CACHE-53")
    if dataset.dtype.kind != "u" or dataset.size > _LARGEST or _is_bomb(dataset):
        raise DataError(f"{path}: '{name}' is {dataset.dtype} of {dataset.shape}", _REMEDY, code="CACHE-54")
    return dataset


def _is_bomb(dataset: h5py.Dataset) -> bool:
    """Whether reading would fill far more memory than the file has bytes, or run a filter that contreg never writes."""
    plan = dataset.id.get_create_plist()
    filters = {plan.get_filter(index)[0] for index in range(plan.get_nfilters())}
    claimed = dataset.size * dataset.dtype.itemsize
    return not filters <= _FILTERS or (
        claimed > _CONSTANT and claimed > _HIGHEST_RATIO * dataset.id.get_storage_size()
    )


def _create(file: h5py.File, name: str, values: NDArray[Any]) -> h5py.Dataset:
    # Byte shuffle decodes twice as fast as bit shuffle (performance.md).
    import hdf5plugin

    filters: Mapping[str, Any] = hdf5plugin.Blosc(cname="lz4", clevel=5, shuffle=hdf5plugin.Blosc.SHUFFLE)
    return file.create_dataset(name, data=values, chunks=values.shape, fletcher32=True, **filters)


def _write_text(file: h5py.File, name: str, text: str) -> None:
    """Of fixed length: HDF5 keeps other text in a heap without a checksum, and may hang on a damaged one."""
    content = text.encode(errors="backslashreplace")
    file.attrs.create(name, content, dtype=h5py.string_dtype("utf-8", max(1, len(content))))


def _text(file: h5py.File, name: str) -> str:
    value = file.attrs[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def _quantise(image: NDArray[np.float32]) -> tuple[NDArray[np.uint16], float, float]:
    low, high = float(image.min()), float(image.max())
    # Background must come back as an exact 0 where the range starts there; a constant image has no range.
    scale = (high - low) / 65535 or 1.0
    stored = np.rint((image - np.float32(low)) / np.float32(scale)).clip(0, 65535).astype(np.uint16)
    return stored, scale, low


def unsigned_labels(labels: NDArray[np.generic], name: str) -> NDArray[Any]:
    """Labels as a cache holds them: 8 or 16 bits without a sign; raises ``DataError`` for ids beyond."""
    values = np.asarray(labels)
    if values.min() < 0 or values.max() > 65535:
        found = f"{name}: label values {values.min()}..{values.max()}, expected 0..65535"
        raise DataError(found, "remap the label map to unsigned 16-bit ids")
    return values.astype(np.uint8 if values.max() < 256 else np.uint16)
