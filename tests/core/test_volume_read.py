"""Bad inputs, one by one (rows of the bad-input table): refused with the file's name, or repaired and noted."""

import contextlib
import gzip
import os
import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contreg_core.errors import AccessError, ContregError, DataError, MissingError
from contreg_core.volume import ReadChoice, Volume, axis_codes, read_volume, write_volume
from contreg_core.volume import stream as stream_module

SHAPE = (8, 9, 10)
AFFINE = np.array([[-1.0, 0, 0, 5], [0, 0, 2, -3], [0, 1.5, 0, 7], [0, 0, 0, 1]])
DIM, DATATYPE, PIXDIM, VOX_OFFSET, SLOPE, QCODE, SCODE, SROW = 40, 70, 76, 108, 112, 252, 254, 280


def values() -> np.ndarray:
    return np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


def written(folder: Path, name: str = "image.nii", array: np.ndarray | None = None) -> Path:
    path = folder / name
    write_volume(path, Volume(values() if array is None else array, AFFINE))
    return path


def patched(path: Path, position: int, form: str, *numbers: float) -> Path:
    """The file with some header bytes replaced."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<" + form, content, position, *numbers)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "name", ["image.nii", "image.nii.gz", "a b'\"ü-.nii.gz", "-x.nii", "n" * 200 + ".nii"]
)
def test_write_then_read_is_the_identity(tmp_path, name):
    volume = read_volume(written(tmp_path, name), kind="image")
    assert np.array_equal(volume.array, values())
    assert volume.array.dtype == np.float32
    assert volume.affine == pytest.approx(AFFINE)
    assert volume.oriented
    assert volume.notes == ()


@pytest.mark.parametrize("image", [nib.Nifti1Pair, nib.Nifti2Image, nib.Nifti1Image])
@pytest.mark.parametrize("order", ["<", ">"])
def test_formats_and_byte_orders(tmp_path, image, order):
    path = tmp_path / ("image.hdr" if image is nib.Nifti1Pair else "image.nii")
    header = image.header_class(endianness=order)
    header.set_data_dtype(order + "i2")
    whole = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    image(whole, AFFINE, header).to_filename(path)
    assert path.read_bytes()[:4] == struct.pack(order + "i", 540 if image is nib.Nifti2Image else 348)
    volume = read_volume(path, kind="labels")
    assert np.array_equal(volume.array, whole)
    assert volume.array.dtype == np.uint16
    assert volume.affine == pytest.approx(AFFINE)


@pytest.mark.parametrize("suffix", [".hdr", ".img"])
@pytest.mark.parametrize("zipped", [False, True])
def test_analyze_is_read_and_its_orientation_not_believed(tmp_path, suffix, zipped):
    nib.AnalyzeImage(values(), np.diag([-0.8, 1.5, 0.9, 1])).to_filename(tmp_path / "image.hdr")
    if zipped:
        plain = tmp_path / "image.img"
        (tmp_path / "image.img.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    named = tmp_path / ("image" + suffix + (".gz" if zipped and suffix == ".img" else ""))
    volume = read_volume(named, kind="image")
    assert np.array_equal(volume.array, values())
    assert not volume.oriented
    assert np.linalg.norm(volume.affine[:3, :3], axis=0) == pytest.approx([0.8, 1.5, 0.9], rel=1e-6)
    assert "no orientation" in volume.notes[0]


def test_every_early_end_is_seen(tmp_path):  # rows 1 and 3
    for name in ("image.nii", "image.nii.gz"):
        path = written(tmp_path, name)
        whole = path.read_bytes()
        for kept in (len(whole) - 1, len(whole) - 9, len(whole) // 2, 400, 100, 3):
            path.write_bytes(whole[:kept])
            with pytest.raises(DataError) as caught:
                read_volume(path, kind="image")
            assert "early at byte" in str(caught.value) or kept < 400


def test_every_flipped_bit_of_a_gzip_stream_is_seen_or_harmless(tmp_path):  # row 2
    path = written(tmp_path, "image.nii.gz")
    whole = path.read_bytes()
    for position in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[position] ^= 16
        path.write_bytes(damaged)
        try:
            volume = read_volume(path, kind="image")
        except ContregError:
            continue
        assert np.array_equal(volume.array, values())


def test_two_gzip_members_and_padding_are_one_file(tmp_path):
    path = written(tmp_path)
    whole = path.read_bytes()
    zipped = tmp_path / "two.nii.gz"
    zipped.write_bytes(gzip.compress(whole[:1000]) + gzip.compress(whole[1000:]) + bytes(64))
    assert np.array_equal(read_volume(zipped, kind="image").array, values())


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.nii", b"", "empty"),
        ("a.nii.gz", b"", "empty"),
        ("a.nii", bytes(400), "found bytes"),
        ("a.nii.gz", b"<!DOCTYPE html><html>no such page</html>", "web page"),
        ("a.nii.gz", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("a.nii.gz", b"PK\x03\x04" + bytes(99), "zip archive"),
        ("a.nii", gzip.compress(bytes(1000), mtime=0), "gzip data"),
        ("a.txt", b"words", "known suffix"),
    ],
)
def test_files_that_are_something_else(tmp_path, name, content, found):  # rows 4 to 6
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=found) as caught:
        read_volume(tmp_path / name, kind="image")
    assert str(tmp_path / name) in caught.value.message
    assert caught.value.hint


def test_wrong_magic(tmp_path):
    with pytest.raises(DataError, match="NIfTI header"):
        read_volume(patched(written(tmp_path), 344, "4s", b"abcd"), kind="image")


def test_a_header_without_its_voxels(tmp_path):  # row 7
    nib.AnalyzeImage(values(), np.eye(4)).to_filename(tmp_path / "image.hdr")
    (tmp_path / "image.img").unlink()
    with pytest.raises(MissingError, match=r"image\.img"):
        read_volume(tmp_path / "image.hdr", kind="image")
    with pytest.raises(MissingError):
        read_volume(tmp_path / "image.img", kind="image")


def test_trailing_singletons_go_and_series_are_refused(tmp_path):  # row 8
    nib.Nifti1Image(values()[..., None], AFFINE).to_filename(tmp_path / "one.nii")
    assert read_volume(tmp_path / "one.nii", kind="image").array.shape == SHAPE
    nib.Nifti1Image(np.stack([values()] * 2, -1), AFFINE).to_filename(tmp_path / "two.nii")
    with pytest.raises(DataError, match="expected one"):
        read_volume(tmp_path / "two.nii", kind="image")


def test_nan_in_images_and_labels(tmp_path):  # rows 9 and 10
    big = np.random.default_rng(0).normal(size=(20, 20, 20)).astype(np.float32)
    big[0, 0, :2] = np.nan, np.inf
    nib.Nifti1Image(big, AFFINE).to_filename(tmp_path / "few.nii")
    volume = read_volume(tmp_path / "few.nii", kind="image")
    assert volume.array[0, 0, :2].tolist() == [0, 0]
    assert "2 NaN" in volume.notes[0]
    with pytest.raises(DataError, match="NaN"):
        read_volume(tmp_path / "few.nii", kind="labels")
    big[:3] = np.nan
    nib.Nifti1Image(big, AFFINE).to_filename(tmp_path / "many.nii")
    with pytest.raises(DataError, match="NaN"):
        read_volume(tmp_path / "many.nii", kind="image")


@pytest.mark.parametrize(
    ("position", "form", "numbers", "found"),
    [
        (PIXDIM + 4, "f", (np.nan,), "voxel size"),  # row 12
        (DIM, "4h", (3, 8, 0, 10), "dimensions"),  # row 13
        (DIM, "h", (9,), "dimensions"),
        (DIM, "4h", (3, 8, -9, 10), "dimensions"),
        (DIM, "4h", (3, 8, 90, 1), "flat"),  # row 29
        (DIM, "4h", (3, 32767, 32767, 32767), "limit"),  # row 14
        (DIM, "4h", (3, 90, 90, 90), "early at byte"),
        (VOX_OFFSET, "f", (-40.0,), "begin at byte"),  # row 17
        (VOX_OFFSET, "f", (np.nan,), "begin at byte"),
        (VOX_OFFSET, "f", (1e6,), "early at byte"),
        (DATATYPE, "h", (77,), "data type"),  # row 18
        (DATATYPE, "h", (128,), "colour"),  # row 19
        (DATATYPE, "h", (32,), "complex"),
        (SROW, "f", (np.nan,), "sform"),  # 1.4
        (SROW, "12f", (0.0,) * 12, "sform"),
        (SROW, "4f", (-1.0, 0, 0, 9.0), "4.00 mm apart"),
        (PIXDIM + 4, "f", (2.0,), "apart|voxel size"),
        (PIXDIM + 4, "3f", (0.001, 0.001, 0.001), "apart"),
    ],
)
def test_headers_that_lie(tmp_path, position, form, numbers, found):
    with pytest.raises(DataError, match=found):
        read_volume(patched(written(tmp_path), position, form, *numbers), kind="image")


def test_the_two_forms_and_the_choice_between_them(tmp_path):
    path = patched(written(tmp_path), SROW, "4f", -1.0, 0, 0, 9.0)
    assert read_volume(path, kind="image", choice=ReadChoice(orientation_from="sform")).affine[0, 3] == 9
    assert read_volume(path, kind="image", choice=ReadChoice(orientation_from="qform")).affine[0, 3] == 5


def test_spacing_must_be_a_brain_scans(tmp_path):
    nib.Nifti1Image(values(), np.diag([9.0, 1, 1, 1])).to_filename(tmp_path / "a.nii")
    with pytest.raises(DataError, match="9.0"):
        read_volume(tmp_path / "a.nii", kind="image")


def test_zero_voxel_size_is_noted_where_a_form_backs_it(tmp_path):  # row 11
    path = patched(written(tmp_path), PIXDIM + 4, "f", 0.0)
    patched(path, QCODE, "h", 0)
    assert "voxel size" in read_volume(path, kind="image").notes[0]
    patched(path, SCODE, "h", 0)
    with pytest.raises(DataError, match="no orientation"):
        read_volume(path, kind="image")


def test_no_form_means_no_orientation(tmp_path):
    path = patched(written(tmp_path), QCODE, "2h", 0, 0)
    volume = read_volume(path, kind="image")
    assert not volume.oriented
    assert np.linalg.norm(volume.affine[:3, :3], axis=0) == pytest.approx([1, 1.5, 2])


def test_infinite_scale_is_ignored_and_noted(tmp_path):  # row 16
    volume = read_volume(patched(written(tmp_path), SLOPE, "f", np.inf), kind="image")
    assert np.array_equal(volume.array, values())
    assert "scale" in volume.notes[0]


def test_scale_factors_apply_to_images(tmp_path):
    volume = read_volume(patched(written(tmp_path), SLOPE, "2f", 2.0, 1.0), kind="image")
    assert volume.array == pytest.approx(values() * 2 + 1, rel=1e-6)


def test_a_gzip_bomb_is_refused_before_it_unpacks(tmp_path):  # row 15
    header = patched(written(tmp_path), DIM, "4h", 3, 400, 400, 400).read_bytes()[:352]
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(header + bytes(1000)))
    with pytest.raises(DataError, match="claim to unpack"):
        read_volume(path, kind="image")
    path.write_bytes(gzip.compress(written(tmp_path, "small.nii").read_bytes() + bytes(3 << 20)))
    with pytest.raises(DataError, match="header allows"):
        read_volume(path, kind="image")


def test_float_labels_close_to_integers_are_integers(tmp_path):  # rows 21 and 22
    labels = np.arange(np.prod(SHAPE)).reshape(SHAPE) % 180
    nib.Nifti1Image(labels + 5e-4, AFFINE).to_filename(tmp_path / "near.nii")
    volume = read_volume(tmp_path / "near.nii", kind="labels")
    assert np.array_equal(volume.array, labels)
    assert volume.array.dtype == np.uint8
    nib.Nifti1Image(labels + 0.1, AFFINE).to_filename(tmp_path / "far.nii")
    with pytest.raises(DataError, match="off integers"):
        read_volume(tmp_path / "far.nii", kind="labels")
    path = patched(written(tmp_path, "scaled.nii", labels), SLOPE, "f", 0.153)
    with pytest.raises(DataError, match=r"factor 0\.153"):
        read_volume(path, kind="labels")


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(0, 182, "u1"), (-1, 100, "i1"), (0, 2035, "u2"), (-5, 2035, "i2"), (0, 70000, "u4"), (-1, 70000, "i4")],
)
def test_labels_take_the_smallest_type(tmp_path, low, high, dtype):
    array = np.full(SHAPE, low, np.int32)
    array[0] = high
    nib.Nifti1Image(array, AFFINE).to_filename(tmp_path / "a.nii")
    volume = read_volume(tmp_path / "a.nii", kind="labels")
    assert volume.array.dtype == np.dtype(dtype)
    assert np.array_equal(volume.array, array)


def test_a_constant_image_is_refused_a_constant_label_map_is_not(tmp_path):  # row 25
    path = written(tmp_path, array=np.full(SHAPE, 3.0))
    with pytest.raises(DataError, match=r"every voxel is 3\.0"):
        read_volume(path, kind="image")
    assert read_volume(path, kind="labels").array.max() == 3


def test_links_folders_and_pipes(tmp_path):  # rows 32 and 33
    os.mkfifo(tmp_path / "pipe.nii")
    (tmp_path / "folder.nii").mkdir()
    (tmp_path / "loop.nii").symlink_to(tmp_path / "loop.nii")
    (tmp_path / "annex.nii").symlink_to(tmp_path / ".git/annex/objects/a.nii")
    cases = {
        "pipe": "regular",
        "folder": "regular",
        "loop": "loop",
        "annex": "datalad get",
        "none": "no such",
    }
    for stem, found in cases.items():
        with pytest.raises(MissingError) as caught:
            read_volume(tmp_path / f"{stem}.nii", kind="image")
        assert found in str(caught.value)


def test_no_permission(tmp_path, monkeypatch):  # row 31
    path = written(tmp_path)

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(stream_module.Path, "open", refuse)
    with pytest.raises(AccessError, match="permission"):
        read_volume(path, kind="image")


def test_axes_are_the_files_own(tmp_path):
    assert axis_codes(read_volume(written(tmp_path), kind="image").affine) == "LSA"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_header_gives_a_volume_or_a_refusal(tmp_path, changes):
    content = bytearray(written(tmp_path).read_bytes())
    for position, byte in changes:
        content[position] = byte
    for name in ("fuzzed.nii", "fuzzed.hdr"):
        (tmp_path / name).write_bytes(content)
        (tmp_path / "fuzzed.img").write_bytes(content[352:])
        with contextlib.suppress(ContregError):
            volume = read_volume(tmp_path / name, kind="image")
            assert volume.array.ndim == 3
            assert np.isfinite(volume.array).all()
            assert np.isfinite(volume.affine).all()
