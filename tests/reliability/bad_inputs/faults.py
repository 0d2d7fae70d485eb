"""How the bad files of the table are made: each takes a whole file and leaves a bad one beside it."""

import gzip
import os
import struct
from pathlib import Path

import nibabel as nib
import numpy as np

DIM, DATATYPE, PIXDIM, VOX_OFFSET, SLOPE, QCODE, SCODE, SROW, MAGIC = 40, 70, 76, 108, 112, 252, 254, 280, 344


def plain(good: Path, name: str = "bad.nii") -> Path:
    """The same volume, not compressed."""
    path = good.with_name(name)
    path.write_bytes(gzip.decompress(good.read_bytes()))
    return path


def zipped(path: Path) -> Path:
    """A plain file, compressed."""
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
    return target


def patched(good: Path, position: int, form: str, *numbers: object) -> Path:
    """A plain copy with some header bytes replaced."""
    path = plain(good)
    content = bytearray(path.read_bytes())
    struct.pack_into("<" + form, content, position, *numbers)
    path.write_bytes(content)
    return path


def stored(good: Path, array: np.ndarray, affine: np.ndarray | None = None, name: str = "bad.nii.gz") -> Path:
    """Another array under the same header."""
    own = nib.load(good).affine if affine is None else affine
    path = good.with_name(name)
    nib.Nifti1Image(array, own).to_filename(path)
    return path


def voxels(good: Path) -> np.ndarray:
    return np.asarray(nib.load(good).dataobj)


def cut_gzip(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    path.write_bytes(good.read_bytes()[:-200])
    return path


def cut_plain(good: Path) -> Path:
    path = plain(good)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def flipped_bit(good: Path) -> Path:
    content = bytearray(good.read_bytes())
    content[-6] ^= 4  # in the stored CRC: nothing else can tell
    path = good.with_name("bad.nii.gz")
    path.write_bytes(content)
    return path


def empty(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    path.write_bytes(b"")
    return path


def wrong_magic(good: Path) -> Path:
    return patched(good, MAGIC, "4s", b"abcd")


def web_page(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    path.write_bytes(b"<!DOCTYPE html><title>404</title>")
    return path


def gzip_named_plain(good: Path) -> Path:
    path = good.with_name("bad.nii")
    path.write_bytes(good.read_bytes())
    return path


def zip_named_gzip(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    path.write_bytes(b"PK\x03\x04" + bytes(500))
    return path


def header_without_voxels(good: Path) -> Path:
    path = good.with_name("bad.hdr")
    nib.AnalyzeImage(voxels(good).astype(np.float32), np.eye(4)).to_filename(path)
    path.with_suffix(".img").unlink()
    return path


def series(good: Path) -> Path:
    return stored(good, np.stack([voxels(good)] * 2, -1))


def one_volume_series(good: Path) -> Path:
    return stored(good, voxels(good)[..., None])


def many_nan(good: Path) -> Path:
    array = voxels(good).astype(np.float32)
    array[:3] = np.nan
    return stored(good, array)


def few_nan(good: Path) -> Path:
    array = voxels(good).astype(np.float32)
    array[0, 0, :2] = np.nan, np.inf
    return stored(good, array)


def no_size_and_no_form(good: Path) -> Path:
    path = patched(good, PIXDIM + 4, "f", 0.0)
    content = bytearray(path.read_bytes())
    struct.pack_into("<2h", content, QCODE, 0, 0)
    path.write_bytes(content)
    return path


def no_size_but_a_form(good: Path) -> Path:
    path = patched(good, PIXDIM + 4, "f", 0.0)
    content = bytearray(path.read_bytes())
    struct.pack_into("<h", content, QCODE, 0)
    path.write_bytes(content)
    return path


def nan_size(good: Path) -> Path:
    return patched(good, PIXDIM + 4, "f", float("nan"))


def zero_dimension(good: Path) -> Path:
    return patched(good, DIM, "4h", 3, 16, 0, 20)


def negative_dimension(good: Path) -> Path:
    return patched(good, DIM, "4h", 3, 16, -5, 20)


def giant(good: Path) -> Path:
    return patched(good, DIM, "4h", 3, 32767, 32767, 32767)


def bomb(good: Path) -> Path:
    path = patched(good, DIM, "4h", 3, 500, 500, 500)
    path.write_bytes(path.read_bytes()[:352] + bytes(1000))
    return zipped(path)


def overfull(good: Path) -> Path:
    path = plain(good)
    path.write_bytes(path.read_bytes() + bytes(3 << 20))
    return zipped(path)


def nan_slope(good: Path) -> Path:
    return patched(good, SLOPE, "f", float("inf"))


def far_offset(good: Path) -> Path:
    return patched(good, VOX_OFFSET, "f", -40.0)


def unknown_datatype(good: Path) -> Path:
    return patched(good, DATATYPE, "h", 77)


def colour(good: Path) -> Path:
    array = np.zeros(voxels(good).shape, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    array["G"] = voxels(good)
    return stored(good, array)


def complex_numbers(good: Path) -> Path:
    return stored(good, voxels(good).astype(np.complex64) * 1j)


def big_endian(good: Path) -> Path:
    image = nib.load(good)
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(">f4" if voxels(good).dtype.kind == "f" else ">i2")
    path = good.with_name("bad.nii.gz")
    nib.Nifti1Image(voxels(good), image.affine, header).to_filename(path)
    return path


def constant(good: Path) -> Path:
    return stored(good, np.full_like(voxels(good), 7))


def thick_slices(good: Path) -> Path:
    return stored(good, voxels(good), np.diag([12.0, 8.0, 8.0, 1.0]))


def flat(good: Path) -> Path:
    return stored(good, voxels(good)[:, :, :1])


def forms_apart(good: Path) -> Path:
    return patched(good, SROW + 12, "f", float(nib.load(good).affine[0, 3]) + 4)


def size_against_form(good: Path) -> Path:
    path = patched(good, PIXDIM + 4, "f", 3.0)
    content = bytearray(path.read_bytes())
    struct.pack_into("<h", content, QCODE, 0)
    path.write_bytes(content)
    return path


def empty_form(good: Path) -> Path:
    return patched(good, SROW, "12f", *[0.0] * 12)


def analyze(good: Path) -> Path:
    path = good.with_name("bad.hdr")
    nib.AnalyzeImage(voxels(good).astype(np.float32), np.diag([8.0, 8, 8, 1])).to_filename(path)
    return path


def unreadable(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    path.write_bytes(good.read_bytes())
    path.chmod(0)
    return path


def link_loop(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    path.symlink_to(path)
    return path


def annex_link(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    path.symlink_to(good.with_name(".git") / "annex" / "objects" / "key")
    return path


def pipe(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    os.mkfifo(path)
    return path


def folder(good: Path) -> Path:
    path = good.with_name("bad.nii.gz")
    path.mkdir()
    return path


def nan_labels(good: Path) -> Path:
    array = voxels(good).astype(np.float32)
    array[0, 0, 0] = np.nan
    return stored(good, array)


def halves(good: Path) -> Path:
    return stored(good, voxels(good).astype(np.float32) + np.float32(0.25))


def nearly_whole(good: Path) -> Path:
    return stored(good, voxels(good).astype(np.float32) + np.float32(5e-4))


def scaled_labels(good: Path) -> Path:
    return patched(good, SLOPE, "f", 0.153)


def other_shape(good: Path) -> Path:
    return stored(good, voxels(good)[1:])


def other_place(good: Path) -> Path:
    affine = nib.load(good).affine.copy()
    affine[0, 3] += 7
    return stored(good, voxels(good), affine)


def a_little_off(good: Path) -> Path:
    affine = nib.load(good).affine.copy()
    affine[0, 3] += 1
    return stored(good, voxels(good), affine)


def named(name: str):
    def make(good: Path) -> Path:
        path = good.with_name(name)
        path.write_bytes(good.read_bytes())
        return path

    make.__name__ = "named"
    return make
