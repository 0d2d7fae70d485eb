"""Laws of every file that is written and read again: what went in comes out."""

import csv
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contreg_core.cache.subject_file import read_subject, write_subject
from contreg_core.cohort import Label
from contreg_core.inference.label_table import TableRow, read_label_table, write_label_table
from contreg_core.preprocessing.apply import ProcessedScan
from contreg_core.tables import read_rows
from contreg_core.transform import CONVENTIONS, FieldFormat, Grid, WorldField, read_field, write_field
from contreg_core.transform.points_file import read_points, write_points
from contreg_core.volume import Volume, read_volume, write_volume
from tests.properties.places import affines

shapes = st.tuples(*[st.integers(2, 5)] * 3)
finite = st.floats(-1e4, 1e4, width=32)
cells = st.text(string.ascii_letters + string.punctuation + " \né", max_size=8).map(str.strip)
words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12).map(str.strip)
colours = st.one_of(st.just(""), st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    return Grid(draw(affines()), draw(shapes))


@settings(max_examples=60)
@given(grids(), grids(), st.sampled_from(sorted(CONVENTIONS)), st.data())
def test_a_field_in_any_convention_comes_back(
    folder: Path, fixed: Grid, moving: Grid, form: FieldFormat, data: st.DataObject
) -> None:
    vectors = data.draw(arrays(np.float32, (3, *fixed.shape), elements=st.floats(-30, 30, width=32)))
    write_field(folder / "f.nii", WorldField(vectors, fixed), form, moving=moving)
    found = read_field(folder / "f.nii", form, moving=moving)
    assert found.grid.shape == fixed.shape
    assert np.abs(found.grid.affine - fixed.affine).max() < 1e-4
    # An absolute form stores positions of some hundred mm, or voxels of a third of one, as float32.
    assert np.abs(found.vectors - vectors).max() < 1e-3


@settings(max_examples=40)
@given(affines(), shapes, st.data())
def test_an_image_comes_back(folder: Path, affine: np.ndarray, shape: tuple[int, ...], data) -> None:
    values = data.draw(arrays(np.float32, shape, elements=finite))
    values.flat[:2] = 0, 1  # an image that is the same everywhere is refused
    write_volume(folder / "i.nii.gz", Volume(values, affine))
    found = read_volume(folder / "i.nii.gz", kind="image")
    assert np.array_equal(found.array, values)
    assert found.affine == pytest.approx(affine, abs=1e-4)


@settings(max_examples=40)
@given(shapes, st.sampled_from([200, 60_000, 2**31 - 1]), st.data())
def test_labels_come_back_exactly(folder: Path, shape: tuple[int, ...], largest: int, data) -> None:
    values = data.draw(arrays(np.int64, shape, elements=st.integers(0, largest)))
    write_volume(folder / "l.nii.gz", Volume(values, np.eye(4)))
    found = read_volume(folder / "l.nii.gz", kind="labels")
    assert np.issubdtype(found.array.dtype, np.integer)
    assert np.array_equal(found.array, values)


@settings(max_examples=40)
@given(affines(), shapes, st.data())
def test_a_cached_scan_comes_back(folder: Path, affine: np.ndarray, shape: tuple[int, ...], data) -> None:
    """Labels, mask and affine to the bit, intensities to half a step of 65,535 and float32's own rounding."""
    image = data.draw(arrays(np.float32, shape, elements=finite))
    labels = data.draw(arrays(np.uint16, shape, elements=st.integers(0, 2000)))
    mask = data.draw(arrays(np.bool_, shape))
    notes = tuple(data.draw(st.lists(words, max_size=3)))
    scan = ProcessedScan(Volume(image, affine), Volume(labels, affine), mask, notes)
    write_subject(folder / "c.h5", scan, "key")
    found = read_subject(folder / "c.h5")
    half = (float(image.max()) - float(image.min())) / 65535 / 2
    assert np.abs(found.image.astype(float) - image).max() <= half + 2e-7 * np.abs(image).max()
    assert found.labels is not None
    assert np.array_equal(found.labels, labels)
    assert np.array_equal(found.mask, mask)
    assert np.array_equal(found.affine, affine)
    assert found.notes == notes


@given(st.dictionaries(st.integers(1, 10**6), st.tuples(words, colours), min_size=1, max_size=6))
def test_a_label_table_comes_back(folder: Path, table: dict[int, tuple[str, str]]) -> None:
    rows = tuple(TableRow(Label(number, name), colour) for number, (name, colour) in table.items())
    write_label_table(folder / "t.tsv", rows)
    assert read_label_table(folder / "t.tsv") == rows


@given(st.sampled_from(",;\t"), st.lists(st.tuples(cells, cells, cells), max_size=5), st.booleans())
def test_a_table_of_any_spreadsheet_is_read(
    folder: Path, delimiter: str, rows: list[tuple[str, ...]], marked: bool
) -> None:
    """Cells hold any delimiter, quote and line end; empty rows are skipped, ``n/a`` is nothing."""
    with (folder / "r.csv").open("w", newline="", encoding="utf-8-sig" if marked else "utf-8") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([("A", "b", "C"), *rows])
    found = read_rows(folder / "r.csv", ("a", "c"))
    expected = [["" if cell == "n/a" else cell for cell in row] for row in rows if any(row)]
    assert [list(row.values()) for _, row in found] == expected


@given(st.lists(st.tuples(finite, finite, finite, words), min_size=1, max_size=5))
def test_points_come_back_with_their_columns(folder: Path, given_rows) -> None:
    points = np.array([row[:3] for row in given_rows], dtype=np.float64)
    rows = [{"name": row[3], "x": "0", "y": "0", "z": "0"} for row in given_rows]
    write_points(folder / "p.csv", rows, points)
    found, read = read_points(folder / "p.csv")
    assert [row["name"] for row in found] == [row["name"] for row in rows]
    assert np.abs(read - points).max() <= 5.1e-7
