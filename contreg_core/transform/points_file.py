"""Points as CSV: columns x, y, z in millimetres, every other column kept as it is (the form ANTs reads)."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError, MissingError
from contreg_core.files import atomic_path

Row = dict[str, str]
_AXES = ("x", "y", "z")


def read_points(path: Path) -> tuple[Sequence[Row], NDArray[np.float64]]:
    """(rows, ``(N, 3)`` points); raises ``DataError`` naming the line of what is no number."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            table = csv.DictReader(stream)
            rows = list(table)
    except OSError as error:
        raise MissingError(f"{path}: {error.strerror}", "name a CSV file that can be read") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV file ({error})", "save it as UTF-8 CSV") from error
    names = list(table.fieldnames or ())
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(
            f"{path}: column {', '.join(map(repr, twice))} twice or more",
            "give every column a name of its own",
        )
    missing = [axis for axis in _AXES if not rows or axis not in rows[0]]
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}", "name the columns x, y, z and give a row")
    return rows, np.array([_point(path, number, row) for number, row in enumerate(rows, start=2)])


def write_points(path: Path, rows: Sequence[Row], points: NDArray[np.float64]) -> None:
    """The same rows with new coordinates, to 1e-6 mm."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        for row, point in zip(rows, points, strict=True):
            writer.writerow(
                {**row, **{axis: f"{value:.6f}" for axis, value in zip(_AXES, point, strict=True)}}
            )


def _point(path: Path, line: int, row: Row) -> list[float]:
    values = []
    for axis in _AXES:
        try:
            value = float(row[axis])
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            raise DataError(
                f"{path}: line {line}: {axis} = {row[axis]!r} is not a number", "correct that line"
            )
        values.append(value)
    return values
