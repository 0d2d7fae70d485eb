"""What cannot be written or read as a transform is said before, or instead of, what ITK would make of it."""

import numpy as np
import pytest
import SimpleITK as sitk

from contreg_core.errors import DataError, MissingError, StorageError, UsageError
from contreg_core.transform import Grid, WorldField, read_field, read_transform, write_composite, write_field
from contreg_core.transform import composite as module
from contreg_core.transform.points_file import read_points

SHAPE = (5, 6, 4)
FIELD = WorldField(np.ones((3, *SHAPE), np.float32), Grid(np.eye(4), SHAPE))
SHEARED = np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=float)


def test_a_sheared_grid_is_no_composite(tmp_path):
    with pytest.raises(UsageError, match="right angles") as caught:
        write_composite(tmp_path / "a.h5", WorldField(FIELD.vectors, Grid(SHEARED, SHAPE)))
    assert "such as ras" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_what_itk_cannot_write_is_a_storage_error_and_leaves_nothing(tmp_path, monkeypatch):
    def fails(*_):
        raise RuntimeError("HDF5")

    monkeypatch.setattr(sitk, "WriteTransform", fails)
    with pytest.raises(StorageError, match="a.h5: ITK cannot write it"):
        write_composite(tmp_path / "a.h5", FIELD, np.eye(4))
    assert list(tmp_path.iterdir()) == []


def test_without_a_way_to_reserve_room_it_is_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delattr(module.os, "posix_fallocate", raising=False)
    write_composite(tmp_path / "a.h5", FIELD)
    assert np.array_equal(read_transform(tmp_path / "a.h5").vectors, FIELD.vectors)


def test_a_transform_of_a_plane_is_refused(tmp_path):
    sitk.WriteTransform(sitk.TranslationTransform(2, (1.0, 2.0)), str(tmp_path / "a.tfm"))
    with pytest.raises(DataError, match="2 dimensions, expected 3"):
        read_transform(tmp_path / "a.tfm", FIELD.grid)


def test_an_affine_has_no_grid_of_its_own(tmp_path):
    sitk.WriteTransform(sitk.TranslationTransform(3, (1.0, 2.0, 3.0)), str(tmp_path / "a.tfm"))
    with pytest.raises(UsageError, match="no grid of its own"):
        read_transform(tmp_path / "a.tfm")
    found = read_transform(tmp_path / "a.tfm", FIELD.grid)
    assert found.vectors[:, 0, 0, 0] == pytest.approx([-1, -2, 3])


def test_a_field_is_a_nifti(tmp_path):
    with pytest.raises(UsageError, match="a.mha: fields are written as"):
        write_field(tmp_path / "a.mha", FIELD)
    assert list(tmp_path.iterdir()) == []


def test_a_field_of_another_form_is_not_read(tmp_path):
    (tmp_path / "a.mha").write_bytes(b"ObjectType = Image")
    with pytest.raises(DataError, match="no known suffix"):
        read_field(tmp_path / "a.mha")


def test_points_are_a_table_in_utf8(tmp_path):
    with pytest.raises(MissingError, match="No such file"):
        read_points(tmp_path / "p.csv")
    (tmp_path / "p.csv").write_bytes(b"x,y,z\n1,2,\xff\n")
    with pytest.raises(DataError, match="not a CSV file"):
        read_points(tmp_path / "p.csv")
