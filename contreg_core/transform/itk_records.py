"""What a transform file of ITK claims to hold, looked at before ITK reads it: ITK allocates what it is told."""

import math
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from contreg_core.errors import DataError
from contreg_core.plain_hdf5 import UNREADABLE, plain_member

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_ON_GRIDS = ("DisplacementField", "BSpline", "VelocityField")
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_CONSTANT = 1 << 24
_HIGHEST_RATIO = 300
"""As of cached scans: what holds a measured displacement does not pack better."""
_MOST_MEMBERS = 10_000
_MOST_FIXED = 1000
_LARGEST_KIND = 10_000
"""Of a MATLAB array; one of the other byte order is larger."""
_REMEDY = "write it again with the program it is from"


@dataclass(frozen=True)
class ItkRecord:
    """One transform of a file: its ``kind`` ("AffineTransform_double_3_3"), how many parameters, the fixed ones."""

    kind: str
    parameters: int
    fixed: tuple[float, ...]

    @property
    def composite(self) -> bool:
        """Whether the others of the file are its parts."""
        return self.kind.startswith("CompositeTransform")


def check_records(path: Path, records: Sequence[ItkRecord]) -> None:
    """Refuse a grid that is larger than its numbers, and matrices of too few; raises ``DataError``.

    ITK reads beyond the end of the latter, and the process may end there.
    """
    for record in records:
        _check_numbers(path, record)
        if not any(word in record.kind for word in _ON_GRIDS):
            continue
        sizes = record.fixed[:3]
        if len(sizes) < 3 or not all(math.isfinite(n) and n >= 1 for n in sizes):
            raise DataError(f"{path}: {record.kind} on a grid of {list(sizes)}", _REMEDY, code="HDR-13")
        if (claimed := 3 * math.prod(sizes)) != record.parameters:
            raise DataError(
                f"{path}: a grid of {claimed:.0f} numbers, of which {record.parameters} are there",
                _REMEDY,
                code="FILE-15",
            )


_NUMBERS = {
    "AffineTransform": (12, 3), "CenteredAffineTransform": (15, 0), "Euler3DTransform": (6, 3),
    "CenteredEuler3DTransform": (9, 0), "MatrixOffsetTransformBase": (12, 3), "QuaternionRigidTransform": (7, 3),
    "Rigid3DTransform": (12, 3), "ScaleTransform": (3, 3), "ScaleLogarithmicTransform": (3, 3),
    "ScaleVersor3DTransform": (9, 3), "ScaleSkewVersor3DTransform": (15, 3), "Similarity3DTransform": (7, 3),
    "TranslationTransform": (3, 0), "VersorRigid3DTransform": (6, 3), "VersorTransform": (3, 3),
}  # fmt: skip
"""Kind -> parameters, and fixed ones at least."""


def _check_numbers(path: Path, record: ItkRecord) -> None:
    name, _, rest = record.kind.partition("_")
    if rest.endswith("_2_2"):
        raise DataError(f"{path}: a transform of 2 dimensions, expected 3", "name another")
    parameters, fixed = _NUMBERS.get(name, (record.parameters, 0))
    if record.parameters != parameters or len(record.fixed) < fixed:
        raise DataError(
            f"{path}: {record.kind} with {record.parameters} parameters and {len(record.fixed)} fixed ones, "
            f"expected {parameters} and {fixed}",
            _REMEDY,
            code="FILE-15",
        )


def text_records(text: str) -> tuple[list[ItkRecord], list[str]]:
    """Of ITK's text form: the records, and the text of each as a file of its own."""
    blocks = re.split(r"^[ \t]*Transform[ \t]*:", text, flags=re.MULTILINE)[1:]
    own = [
        f"#Insight Transform File V1.0\n#Transform 0\nTransform:{block.partition('#')[0]}\n"
        for block in blocks
    ]
    return [_text_record(block) for block in blocks], own


def _text_record(block: str) -> ItkRecord:
    """One that names a thing twice has no fixed parameters: ITK would make a grid of each."""
    kind, _, rest = block.partition("\n")
    lines = [line.partition(":") for line in rest.splitlines() if not line.startswith("#")]
    told = {key.strip(): value.split() for key, _, value in lines if value}
    try:
        fixed = tuple(float(word) for word in told.get("FixedParameters", ())[:_MOST_FIXED])
    except ValueError:
        fixed = ()
    once = sum(key.strip() == "FixedParameters" for key, _, _ in lines) < 2
    return ItkRecord(kind.strip(), _numbers_of(told.get("Parameters", [])), fixed if once else ())


def _numbers_of(words: Sequence[str]) -> int:
    """How many numbers ITK finds: it stops at the first word that is none."""
    for count, word in enumerate(words):
        try:
            float(word)
        except ValueError:
            return count
    return len(words)


def matlab_records(path: Path) -> list[ItkRecord]:
    """Of ITK's MATLAB files (version 4): an array of parameters, named by the kind, then one named ``fixed``.

    Raises ``DataError`` for any other file, and where an array is longer than the file.
    """
    content = path.read_bytes()
    records: list[ItkRecord] = []
    at = 0
    while at < len(content):
        name, values, at = _matlab_array(path, content, at)
        if name != "fixed":
            records.append(ItkRecord(name, len(values), ()))
        elif records:
            records[-1] = replace(records[-1], fixed=values[:_MOST_FIXED])
    return records


def _matlab_array(path: Path, content: bytes, at: int) -> tuple[str, tuple[float, ...], int]:
    """Name and numbers of the array that begins at a byte, and where the next one does."""
    try:
        order = "<" if 0 <= struct.unpack_from("<i", content, at)[0] < _LARGEST_KIND else ">"
        kind, rows, columns, imaginary, length = struct.unpack_from(f"{order}5i", content, at)
        name = content[at + 20 : at + 20 + length].rstrip(b"\0").decode("ascii")
        number = {0: "d", 1: "f"}[kind // 10 % 10]
        if imaginary or min(rows, columns, length) < 0:
            raise ValueError
        start = at + 20 + length
        values = struct.unpack_from(f"{order}{rows * columns}{number}", content, start)
    except (struct.error, ValueError, KeyError, OverflowError, MemoryError) as error:
        raise unreadable(path) from error
    return name, values, start + struct.calcsize(f"{order}{len(values)}{number}")


def unreadable(path: Path) -> DataError:
    """What is no transform file of ITK."""
    return DataError(
        f"{path}: ITK cannot read it as a transform", "name a .h5, .tfm, .mat or .txt transform file"
    )


def hdf5_records(path: Path) -> list[ItkRecord]:
    """Of ITK's HDF5, nothing of which is read but names, types and fixed parameters.

    Raises ``DataError`` for links, external storage, virtual data, foreign filters, and for what would unpack to far
    more than the file has bytes; for a file that is none of ITK's.
    """
    try:
        with h5py.File(path, "r", locking=False) as file:
            if file.attrs.get("Format") in ("X5", b"X5"):
                raise refuse_x5(path)
            _check_members(path, file)
            return [_record(group) for group in _in_order(file["TransformGroup"])]
    except DataError:
        raise
    except UNREADABLE as error:
        raise unreadable(path) from error


def refuse_x5(path: Path) -> DataError:
    """The way out of NiTransforms' X5."""
    return DataError(
        f"{path}: an X5 transform, which contreg does not read",
        "write it as ITK's: nitransforms.linear.load(FILE, fmt='X5').to_filename('OUT.tfm', fmt='itk')",
    )


def _check_members(path: Path, file: h5py.File) -> None:
    size = path.stat().st_size
    claimed = 0
    seen = set()
    for count, dataset in enumerate(_datasets(path, file)):
        place = h5py.h5o.get_info(dataset.id).addr
        if place in seen:
            raise _not_plain(path, dataset.name)
        seen.add(place)
        plan = dataset.id.get_create_plist()
        filters = {plan.get_filter(index)[0] for index in range(plan.get_nfilters())}
        claimed += dataset.size * dataset.dtype.itemsize
        too_many = count > _MOST_MEMBERS or (claimed > _CONSTANT and claimed > _HIGHEST_RATIO * size)
        if too_many or not filters <= _FILTERS:
            raise DataError(
                f"{path}: {size} bytes that claim to unpack to {claimed} or more", _REMEDY, code="FILE-15"
            )


def _datasets(path: Path, group: h5py.Group, depth: int = 0) -> Iterator[h5py.Dataset]:
    """Every dataset by every way that leads to it, as ITK would come there."""
    for name in group:
        member = plain_member(group, name)
        if isinstance(member, h5py.Dataset) and _is_simple(member):
            yield member
        elif isinstance(member, h5py.Group) and depth < 2:
            yield from _datasets(path, member, depth + 1)
        else:
            raise _not_plain(path, name)


def _not_plain(path: Path, name: str) -> DataError:
    return DataError(f"{path}: '{name}' is not a plain dataset of this file", _REMEDY, code="CACHE-53")


def _is_simple(dataset: h5py.Dataset) -> bool:
    """Numbers, or one text."""
    text = h5py.check_string_dtype(dataset.dtype) is not None
    return dataset.dtype.kind in "iuf" or (text and dataset.size == 1)


def _in_order(group: h5py.Group) -> list[h5py.Group]:
    return [group[name] for name in sorted(group, key=int)]


def _record(group: h5py.Group) -> ItkRecord:
    kind = np.asarray(group["TransformType"]).item()
    # Older ITK wrote "TranformParameters".
    of = {name.replace("Tranform", "Transform"): group[name] for name in group}
    parameters, fixed = of.get("TransformParameters"), of.get("TransformFixedParameters")
    return ItkRecord(
        kind.decode() if isinstance(kind, bytes) else str(kind),
        0 if parameters is None else int(parameters.size),
        () if fixed is None or fixed.size > _MOST_FIXED else tuple(map(float, np.ravel(fixed[()]))),
    )
