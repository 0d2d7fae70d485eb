"""One cached scan: exact but for the quantisation of intensities, and refused when it is not what was written."""

import os
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 - importing it registers the filter
import numpy as np
import pytest

from contreg_core.cache.subject_file import (
    SCHEMA,
    content_sum,
    read_key,
    read_sources,
    read_subject,
    write_subject,
)
from contreg_core.errors import DataError, MismatchError, MissingError
from contreg_core.preprocessing.apply import ProcessedScan
from contreg_core.volume import Volume

AFFINE = np.array([[2.0, 0, 0, -9], [0, 0, 2.5, 3], [0, -2, 0, 1], [0, 0, 0, 1]])
NOTES = ("turned", "labels: é")


def scan(image: np.ndarray, labels: np.ndarray | None = None) -> ProcessedScan:
    mask = image > image.min()
    return ProcessedScan(
        Volume(image, AFFINE), None if labels is None else Volume(labels, AFFINE), mask, NOTES
    )


def image(low: float, high: float, shape: tuple[int, ...] = (6, 7, 8)) -> np.ndarray:
    values = np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)
    values.flat[0], values.flat[1] = low, high
    return values


@pytest.fixture
def written(tmp_path: Path) -> Path:
    labels = np.random.default_rng(1).integers(0, 190, (6, 7, 8))
    write_subject(tmp_path / "subjects" / "a.h5", scan(image(0, 1), labels), "key1")
    return tmp_path / "subjects" / "a.h5"


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 4.1), (0, 824), (5, 5), (-1e4, 1e4)])
def test_intensities_come_back_within_half_a_step(tmp_path: Path, low: float, high: float) -> None:
    values = image(low, high)
    write_subject(tmp_path / "a.h5", scan(values), "k")
    read = read_subject(tmp_path / "a.h5")
    step = (high - low) / 65535
    assert read.image.dtype == np.float32
    assert np.abs(read.image.astype(float) - values).max() <= 0.5 * step + 2e-7 * max(abs(low), abs(high))
    assert read.image.flat[0] == np.float32(low)


def test_an_empty_background_stays_exactly_empty(tmp_path: Path) -> None:
    values = image(0, 1)
    values[:, :3] = 0
    write_subject(tmp_path / "a.h5", scan(values), "k")
    assert np.array_equal(read_subject(tmp_path / "a.h5").image == 0, values == 0)


@pytest.mark.parametrize(
    ("largest", "dtype"), [(190, np.uint8), (255, np.uint8), (256, np.uint16), (65535, np.uint16)]
)
def test_everything_else_comes_back_exactly(tmp_path: Path, largest: int, dtype: type) -> None:
    values, labels = image(0, 1), np.random.default_rng(1).integers(0, largest, (6, 7, 8))
    labels.flat[0] = largest
    source = scan(values, labels)
    write_subject(tmp_path / "a.h5", source, "some key")
    read = read_subject(tmp_path / "a.h5")
    assert read.labels is not None
    assert read.labels.dtype == dtype
    assert np.array_equal(read.labels, labels)
    assert np.array_equal(read.mask, source.mask)
    assert np.array_equal(read.affine, AFFINE)
    assert read.key == read_key(tmp_path / "a.h5") == "some key"
    assert read.notes == NOTES


def test_sums_of_the_sources_come_back(tmp_path: Path) -> None:
    sums = {"a.nii.gz": "0" * 64, "é.nii": "f" * 64}
    write_subject(tmp_path / "a.h5", scan(image(0, 1)), "k", sums)
    assert read_sources(tmp_path / "a.h5") == sums


def test_no_labels_and_two_dimensions(tmp_path: Path) -> None:
    write_subject(tmp_path / "a.h5", scan(image(0, 1, (24, 20))), "k")
    read = read_subject(tmp_path / "a.h5")
    assert read.labels is None
    assert read.image.shape == read.mask.shape == (24, 20)


@pytest.mark.parametrize("label", [-1, 65536])
def test_labels_that_do_not_fit_are_refused_by_scan(tmp_path: Path, label: int) -> None:
    labels = np.zeros((6, 7, 8), dtype=np.int64)
    labels[2, 2, 2] = label
    with pytest.raises(DataError, match="a: label values"):
        write_subject(tmp_path / "a.h5", scan(image(0, 1), labels), "k")
    assert os.listdir(tmp_path) == []


def same(path: Path, whole: object) -> bool:
    read = read_subject(path)
    return all(np.array_equal(value, getattr(whole, name)) for name, value in vars(read).items())


def test_no_flipped_bit_goes_unnoticed(written: Path) -> None:
    """An error, or (in bytes that mean nothing) exactly the same content."""
    content, whole = written.read_bytes(), read_subject(written)
    rng = random.Random(0)
    for bit in sorted({rng.randrange(8 * len(content)) for _ in range(400)}):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        written.write_bytes(bytes(damaged))
        with suppress(DataError, MismatchError):
            assert same(written, whole), bit
        assert read_key(written) in ("key1", None)


def test_no_truncation_goes_unnoticed(written: Path) -> None:
    content = written.read_bytes()
    for length in range(0, len(content), 211):
        written.write_bytes(content[:length])
        with pytest.raises(DataError):
            read_subject(written)
        assert read_key(written) is None


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not in the cache"):
        read_subject(tmp_path / "a.h5")
    assert read_key(tmp_path / "a.h5") is None


def test_another_schema(written: Path) -> None:
    with h5py.File(written, "r+") as file:
        file.attrs["schema"] = SCHEMA + 1
    with pytest.raises(MismatchError, match=f"schema {SCHEMA + 1}, expected {SCHEMA}"):
        read_subject(written)
    assert read_key(written) is None


def _external_link(file: h5py.File, other: Path) -> None:
    file["image"] = h5py.ExternalLink(str(other), "/image")


def _soft_link(file: h5py.File, other: Path) -> None:
    file["elsewhere"] = np.zeros((6, 7, 8), np.uint16)
    file["image"] = h5py.SoftLink("/elsewhere")


def _external_storage(file: h5py.File, other: Path) -> None:
    size = 6 * 7 * 8 * 2
    file.create_dataset("image", (6, 7, 8), np.uint16, external=[(str(other), 0, size)])


def _virtual(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((6, 7, 8), np.uint16)
    layout[:] = h5py.VirtualSource(str(other), "image", (6, 7, 8))
    file.create_virtual_dataset("image", layout)


def _group(file: h5py.File, other: Path) -> None:
    file.create_group("image")


def _floats(file: h5py.File, other: Path) -> None:
    file["image"] = np.zeros((6, 7, 8), np.float32)


def _enormous(file: h5py.File, other: Path) -> None:
    file.create_dataset("image", (2**11, 2**11, 2**11), np.uint8, chunks=(64, 64, 64))


@pytest.mark.parametrize(
    "replace", [_external_link, _soft_link, _external_storage, _virtual, _group, _floats, _enormous]
)
def test_an_image_that_is_not_a_plain_dataset_is_refused(
    written: Path, tmp_path: Path, replace: object
) -> None:
    other = tmp_path / "secret"
    other.write_bytes(written.read_bytes())
    with h5py.File(written, "r+") as file:
        attributes = dict(file["image"].attrs)
        del file["image"]
        assert callable(replace)
        replace(file, other)
        if isinstance(file.get("image", getlink=True), h5py.HardLink):
            file["image"].attrs.update(attributes)
    with pytest.raises(DataError):
        read_subject(written)


@pytest.mark.parametrize("name", ["image", "mask"])
def test_a_missing_dataset_or_attribute(written: Path, name: str) -> None:
    with h5py.File(written, "r+") as file:
        del file[name]
    with pytest.raises(DataError):
        read_subject(written)


@pytest.mark.parametrize("name", ["schema", "affine", "notes", "key"])
def test_a_missing_attribute(written: Path, name: str) -> None:
    with h5py.File(written, "r+") as file:
        del file.attrs[name]
    with pytest.raises(DataError):
        read_subject(written)


def test_the_sum_is_that_of_what_is_in_the_scan_alone(tmp_path: Path) -> None:
    values, labels = image(0, 1), np.random.default_rng(1).integers(0, 190, (6, 7, 8))

    def summed(voxels: np.ndarray, ids: np.ndarray | None, key: str = "k", **changes: object) -> str:
        path = tmp_path / "a.h5"
        write_subject(path, replace(scan(voxels, ids), **changes), key, {"s.nii": key})  # type: ignore[arg-type]
        return content_sum(path)

    first = summed(values, labels)
    assert summed(values, labels, "other", notes=()) == first
    brighter, one_voxel, mask = values * 2, labels.copy(), scan(values).mask.copy()
    one_voxel[3, 3, 3] += 1
    mask[3, 3, 3] ^= True
    others = [
        summed(brighter, labels),
        summed(values, one_voxel),
        summed(values, None),
        summed(values, labels, mask=mask),
        summed(values, labels, image=Volume(values, AFFINE + np.eye(4))),
    ]
    assert len({first, *others}) == 6


def test_the_sum_of_an_older_file_is_counted(written: Path) -> None:
    told = content_sum(written)
    with h5py.File(written, "r+") as file:
        del file.attrs["content"]
    assert content_sum(written) == told != ""
    written.write_bytes(b"no HDF5")
    assert content_sum(written) == ""
