"""FreeSurfer's volumes: the same array and place as the NIfTI twin, the same distrust of damage."""

import gzip

import nibabel as nib
import numpy as np
import pytest

from contreg_core.errors import DataError
from contreg_core.inference.names import stem
from contreg_core.volume import ReadChoice, axis_codes, read_volume

SHAPE = (6, 7, 8)
AFFINE = np.array([[-1.0, 0, 0, 5], [0, 0, 2, -3], [0, -1.5, 0, 7], [0, 0, 0, 1]])
VERSION, DIMS, TYPE, GOOD, DELTA = 0, 4, 20, 28, 30


def written(path, array=None, affine=AFFINE):
    values = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE) if array is None else array
    nib.MGHImage(values, affine).to_filename(path)
    return path


def patched(path, position, content):
    whole = bytearray(path.read_bytes())
    whole[position : position + len(content)] = content
    path.write_bytes(whole)
    return path


@pytest.mark.parametrize("suffix", [".mgz", ".mgh", ".MGZ"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.uint16])
def test_array_and_place(tmp_path, suffix, dtype):
    array = (np.arange(np.prod(SHAPE)).reshape(SHAPE) % 200).astype(dtype)
    path = written(tmp_path / "a.mgz", array) if suffix != ".mgh" else written(tmp_path / "a.mgh", array)
    path = path.rename(tmp_path / f"a{suffix}")
    volume = read_volume(path, kind="labels")
    assert np.array_equal(volume.array, array)
    assert volume.affine == pytest.approx(AFFINE, abs=1e-5)
    assert volume.oriented
    assert stem(path) == "a"


def test_unknown_directions_are_not_believed(tmp_path):
    path = patched(written(tmp_path / "a.mgh"), GOOD, b"\0\0")
    assert not read_volume(path, kind="image").oriented
    assumed = read_volume(path, kind="image", choice=ReadChoice(assume_orientation="LIA"))
    assert axis_codes(assumed.affine) == "LIA"


def test_one_of_several_frames(tmp_path):
    frames = np.random.default_rng(0).normal(size=(*SHAPE, 2)).astype(np.float32)
    path = written(tmp_path / "a.mgz", frames)
    with pytest.raises(DataError, match="2 volumes"):
        read_volume(path, kind="image")
    assert np.array_equal(read_volume(path, kind="image", choice=ReadChoice(volume=1)).array, frames[..., 1])


@pytest.mark.parametrize(
    ("position", "content", "found"),
    [
        (VERSION, b"\0\0\0\7", "version 1"),
        (DIMS, b"\0\0\0\0", "impossible"),
        (DIMS, b"\xff\xff\xff\xff", "impossible"),
        (DIMS, b"\0\0\x7f\xff\0\0\x7f\xff\0\0\x7f\xff", "limit"),
        (DIMS, b"\0\0\1\0", "ends early"),
        (TYPE, b"\0\0\0\5", "data type"),
        (DELTA, b"\x7f\xc0\0\0", "matrix"),
        (DELTA, b"\x42\0\0\0", "voxels of"),
    ],
)
def test_headers_are_not_believed(tmp_path, position, content, found):
    with pytest.raises(DataError, match=found):
        read_volume(patched(written(tmp_path / "a.mgh"), position, content), kind="image")


def test_damage_is_seen(tmp_path):
    path = written(tmp_path / "a.mgz", np.random.default_rng(0).normal(size=SHAPE).astype(np.float32))
    whole = path.read_bytes()
    for kept in (len(whole) - 1, len(whole) // 2, 40):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError):
            read_volume(path, kind="image")
    path.write_bytes(whole[:-6] + bytes([whole[-6] ^ 16]) + whole[-5:])
    with pytest.raises(DataError, match="damaged"):
        read_volume(path, kind="image")
    path.write_bytes(gzip.decompress(whole))
    with pytest.raises(DataError, match="expected gzip"):
        read_volume(path, kind="image")
