"""Volume files in: NIfTI-1/2, MGH and Analyze 7.5, verified before they are believed (bad-inputs.md)."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError, MissingError
from contreg_core.volume.choice import AS_IT_SAYS, ReadChoice
from contreg_core.volume.geometry import with_orientation
from contreg_core.volume.header import HEADER_BYTES, Layout, layout, parse_header
from contreg_core.volume.mgh import MGH_SUFFIXES, mgh_header, mgh_layout, mgh_placement
from contreg_core.volume.orientation import LARGEST_GRID, LARGEST_SCAN, StoredPlace, no_orientation, placement
from contreg_core.volume.stream import check_file, read_all, read_head
from contreg_core.volume.values import image_values, label_values
from contreg_core.volume.volume import Volume

SUFFIXES = (".nii", ".nii.gz", *MGH_SUFFIXES, ".hdr", ".img", ".img.gz")
_CONSTANT_FIELD = 1 << 31
"""Bytes up to which a field may unpack as only constant bytes do: the identity is a field of zeros."""


@dataclass(frozen=True)
class _Files:
    header: Path
    data: Path

    @property
    def single(self) -> bool:
        return self.header == self.data


def read_volume(
    path: Path | str, *, kind: Literal["image", "labels"], choice: ReadChoice = AS_IT_SAYS
) -> Volume:
    """One 3-D volume from ``.nii``, ``.nii.gz``, ``.mgz`` or an Analyze or NIfTI pair (name either file of it).

    Images become float32, label maps the smallest integer type that holds them. The array keeps the file's axes;
    ``to_ras`` turns it. ``choice`` settles what the file leaves open. Raises ``MissingError`` (66), ``AccessError``
    (77) or ``DataError`` (65), naming the file.
    """
    files = _files(Path(path))
    check_file(files.data)
    form, place = _described(files, choice)
    stored = _one_number(_voxels(files.data, form)[..., form.chosen], choice)
    values, notes = (image_values if kind == "image" else label_values)(files.data, stored, form)
    volume = Volume(values, place.affine, place.oriented, form.notes + place.notes + notes)
    if place.oriented or not choice.assume_orientation:
        return volume
    note = f"orientation {choice.assume_orientation} assumed"
    return with_orientation(replace(volume, notes=(*volume.notes, note)), choice.assume_orientation)


def read_place(path: Path | str, choice: ReadChoice = AS_IT_SAYS) -> tuple[StoredPlace, tuple[int, int, int]]:
    """Where the voxels of a file lie, and how many: of one that lends its grid and nothing else.

    From the header alone: blank images, NaN, colours and any number of volumes are as good. Raises as ``read_volume``
    does, and ``DataError`` where the file stores no orientation and ``choice`` assumes none.
    """
    files = _files(Path(path))
    check_file(files.data)
    any_voxels = replace(choice, volume=0, channel=0, magnitude=True)
    form, place = _described(files, any_voxels, LARGEST_GRID)
    return _assumed(files.data, place, form.shape, choice), form.shape


def _assumed(path: Path, place: StoredPlace, shape: tuple[int, int, int], choice: ReadChoice) -> StoredPlace:
    """The place, or the one that ``choice`` says; raises ``DataError`` where neither says how the axes point."""
    if place.oriented:
        return place
    if not choice.assume_orientation:
        raise no_orientation(path)
    empty = Volume(np.broadcast_to(np.uint8(0), shape), place.affine, oriented=False)
    return StoredPlace(with_orientation(empty, choice.assume_orientation).affine, True, place.notes)


def form_code(path: Path | str) -> int:
    """The NIfTI form code of a file (1 scanner, 2 aligned, 4 MNI), the sform's first; 1 where it has none."""
    files = _files(Path(path))
    if files.data.name.lower().endswith(MGH_SUFFIXES):
        return 1
    header = parse_header(files.header, read_head(files.header, HEADER_BYTES), single=files.single)
    codes = [int(header[key]) for key in ("sform_code", "qform_code") if key in header]
    return next((code for code in codes if code), 1)


def _described(
    files: _Files, choice: ReadChoice, largest: float = LARGEST_SCAN
) -> tuple[Layout, StoredPlace]:
    """What the header says, verified."""
    block = read_head(files.header, HEADER_BYTES)
    if files.data.name.lower().endswith(MGH_SUFFIXES):
        mgh = mgh_header(files.data, block)
        return mgh_layout(files.data, mgh, choice), mgh_placement(files.data, mgh, block, largest)
    header = parse_header(files.header, block, single=files.single)
    form = layout(files.header, header, single=files.single, choice=choice)
    return form, placement(files.header, header, form.shape, choice.orientation_from, largest)


def _one_number(stored: NDArray[np.generic], choice: ReadChoice) -> NDArray[np.generic]:
    """A channel of colour voxels, the length of complex ones; the header's check saw to it that one is chosen."""
    if stored.dtype.names is not None and choice.channel is not None:
        colours: NDArray[Any] = stored
        return np.asarray(colours[stored.dtype.names[choice.channel]])
    return np.abs(stored) if stored.dtype.kind == "c" else stored


@dataclass(frozen=True)
class VectorVolume:
    """Three numbers a voxel as a file stores them: ``(3, *shape)`` float64, and what its header says of them."""

    vectors: NDArray[np.float64]
    affine: NDArray[np.float64]
    intent: int
    intent_name: str
    intent_p1: float = 0.0


def read_vectors(path: Path | str, choice: ReadChoice = AS_IT_SAYS) -> VectorVolume:
    """A NIfTI vector field ``(X, Y, Z, 1, 3)`` or ``(X, Y, Z, 3)``, verified as ``read_volume`` does; any units.

    Raises ``DataError`` where it is no field, holds numbers that are not finite, or stores no orientation.
    """
    file = Path(path)
    if not file.name.lower().endswith((".nii", ".nii.gz")):
        check_file(file)
        raise DataError(f"{file}: found no known suffix, expected .nii or .nii.gz", "convert it to .nii.gz")
    check_file(file)
    header = parse_header(file, read_head(file, HEADER_BYTES), single=True)
    form = layout(file, header, single=True, vectors=True, choice=choice)
    place = placement(file, header, form.shape, choice.orientation_from, LARGEST_GRID)
    place = _assumed(file, place, form.shape, choice)
    values = (
        np.moveaxis(_voxels(file, form, constant=_CONSTANT_FIELD).astype(np.float64), -1, 0) * form.slope
        + form.intercept
    )
    if not np.isfinite(values).all():
        raise DataError(f"{file}: NaN or Inf in a displacement field", "write it again", code="VAL-09")
    name = bytes(header["intent_name"]).split(b"\0")[0].decode("latin-1")
    return VectorVolume(values, place.affine, int(header["intent_code"]), name, float(header["intent_p1"]))


def _voxels(path: Path, form: Layout, *, constant: int = 1 << 24) -> NDArray[np.generic]:
    """The stored numbers ``(*space, components)``, first axis fastest as in the file."""
    read_head(path, 1)  # refuses a file whose content does not fit its name
    content = read_all(path, form.expected, constant=constant)
    shape = (*form.shape, form.components)
    return np.frombuffer(content, form.dtype, math.prod(shape), form.offset).reshape(shape, order="F")


def _files(path: Path) -> _Files:
    """Header and data file of a volume, whichever of the two was named."""
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz", *MGH_SUFFIXES)):
        return _Files(path, path)
    stem = next((path.name[: -len(s)] for s in SUFFIXES if name.endswith(s)), None)
    if stem is None:
        check_file(path)
        raise DataError(
            f"{path}: found no known suffix, expected {', '.join(SUFFIXES)}",
            "convert it to .nii.gz",
            code="FILE-06",
        )
    if not name.endswith(".hdr"):
        return _Files(path.with_name(stem + ".hdr"), path)
    check_file(path)
    found = [path.with_name(stem + s) for s in (".img", ".img.gz")]
    data = next((candidate for candidate in found if candidate.exists()), None)
    if data is None:
        raise MissingError(
            f"{path}: its voxels, {stem}.img or .img.gz, are missing",
            "put both in one folder",
            code="FILE-07",
        )
    return _Files(path, data)
