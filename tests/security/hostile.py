"""Forty hostile files: each would run code, read or write elsewhere, or fill the memory in a careless reader.

``FILES`` maps a name to (how it is made, how contreg is made to read it). What a maker is given beside the path is a
folder: of the secret that must not be read, and where code that ran would leave a mark.
"""

import gzip
import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

Maker = Callable[[Path, Path], None]
SECRET = b"the content of another file"


class Code:
    """Makes a folder where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.mark,)


def pickled(path: Path, folder: Path) -> None:
    path.write_bytes(pickle.dumps(Code(folder / "ran")))


def torch_zip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Code(folder / "ran")))
        archive.writestr("archive/version", "3")


def numpy_objects(path: Path, folder: Path) -> None:
    np.save(path.open("wb"), np.array([Code(folder / "ran")], dtype=object), allow_pickle=True)


def zip_slip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../ran", "out")


def tar_slip(path: Path, folder: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(str(folder / "ran"))
        archive.addfile(entry, io.BytesIO())


def _safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _tensor(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def _as_checkpoint(header: object, data: bytes = b"", length: int | None = None) -> Maker:
    def make(path: Path, folder: Path) -> None:
        path.write_bytes(_safetensors(header, data, length))

    return make


RECORD = {"contreg": json.dumps({"schema": 1, "sha256": "0" * 64, "recipe": "", "data": {"ndim": 3}})}
CHECKPOINTS: dict[str, Maker] = {
    "pickle.ckpt": pickled,
    "pickle.safetensors": pickled,
    "archive.pt": torch_zip,
    "overlap.safetensors": _as_checkpoint({"a": _tensor([1], 0, 4), "b": _tensor([1], 0, 4)}, bytes(4)),
    "hole.safetensors": _as_checkpoint({"a": _tensor([1], 4, 8)}, bytes(8)),
    "long-header.safetensors": _as_checkpoint(b'{"a":1}', length=2**50),
    "header-past-the-end.safetensors": _as_checkpoint(b'{"a":1}', length=4096),
    "giant-tensor.safetensors": _as_checkpoint({"a": _tensor([2**40], 0, 4)}, bytes(4)),
    "overflowing-shape.safetensors": _as_checkpoint({"a": _tensor([2**33, 2**33], 0, 4)}, bytes(4)),
    "negative-offset.safetensors": _as_checkpoint({"a": _tensor([1], -4, 0)}, bytes(4)),
    "deep-header.safetensors": _as_checkpoint(b"{" + b'"a":[' * 40_000 + b"]" * 40_000 + b"}"),
    "deep-record.safetensors": _as_checkpoint({"__metadata__": {"contreg": "[" * 100_000}}),
    "no-record.safetensors": _as_checkpoint({"a": _tensor([1], 0, 4)}, bytes(4)),
    "wrong-sum.safetensors": _as_checkpoint({"__metadata__": RECORD, "a": _tensor([1], 0, 4)}, bytes(4)),
}


def _hdf5(change: Callable[[h5py.File, Path], None]) -> Maker:
    """A file as contreg writes it but for one change."""

    def make(path: Path, folder: Path) -> None:
        with h5py.File(path, "w", libver=("v110", "v110")) as file:
            file.attrs.update(schema=1, affine=np.eye(4).ravel())
            for name, text in (("key", b"k"), ("notes", b"[]")):
                file.attrs.create(name, text, dtype=h5py.string_dtype("utf-8", len(text)))
            file["mask"] = np.ones((4, 4, 4), np.uint8)
            change(file, folder)
            if "image" in file and isinstance(file.get("image", getlink=True), h5py.HardLink):
                file["image"].attrs.update(scale=1.0, offset=0.0)

    return make


def _virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout((4, 4, 4), np.uint16)
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "image", (4, 4, 4))
    file.create_virtual_dataset("image", layout)


def _external(file: h5py.File, folder: Path) -> None:
    storage = [(str(folder / "secret"), 0, 27)]
    file.create_dataset("image", (27,), np.uint8, external=storage)


def _bomb(file: h5py.File, folder: Path) -> None:
    file.create_dataset(
        "image", data=np.zeros((512, 512, 512), np.uint8), compression="gzip", chunks=(64,) * 3
    )


def _unstored(file: h5py.File, folder: Path) -> None:
    file.create_dataset("image", (1024, 1024, 1024), np.uint16, chunks=(64,) * 3)


def _references(file: h5py.File, folder: Path) -> None:
    file.create_dataset("image", data=np.array([file["mask"].ref], dtype=h5py.ref_dtype))


def _strings(file: h5py.File, folder: Path) -> None:
    file.create_dataset("image", data=["a", "b"], dtype=h5py.string_dtype())


CACHES: dict[str, Maker] = {
    "external-link.h5": _hdf5(
        lambda f, d: f.__setitem__("image", h5py.ExternalLink(str(d / "other.h5"), "/image"))
    ),
    "soft-link.h5": _hdf5(lambda f, d: f.__setitem__("image", h5py.SoftLink("/mask"))),
    "link-loop.h5": _hdf5(lambda f, d: f.__setitem__("image", h5py.SoftLink("/image"))),
    "virtual.h5": _hdf5(_virtual),
    "external-storage.h5": _hdf5(_external),
    "bomb.h5": _hdf5(_bomb),
    "unstored.h5": _hdf5(_unstored),
    "references.h5": _hdf5(_references),
    "strings.h5": _hdf5(_strings),
    "pickle.h5": pickled,
}


def _composite(change: Callable[[h5py.Group, np.ndarray, Path], None]) -> Maker:
    """An ITK composite of one displacement field of 6 x 6 x 6 voxels, but for one change of its numbers."""

    def make(path: Path, folder: Path) -> None:
        with h5py.File(path, "w") as file:
            groups = [file.create_group(f"TransformGroup/{number}") for number in range(2)]
            for group, kind in zip(groups, ("CompositeTransform", "DisplacementFieldTransform"), strict=True):
                group.create_dataset("TransformType", data=[f"{kind}_double_3_3"], dtype=h5py.string_dtype())
            grid = [6.0, 6, 6, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1]
            groups[1]["TransformFixedParameters"] = np.array(grid)
            change(groups[1], np.ones(3 * 6**3), folder)

    return make


_NUMBERS = "TransformParameters"


def _with_external_numbers(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    numbers.tofile(folder / "numbers.bin")
    storage = [(str(folder / "numbers.bin"), 0, numbers.nbytes)]
    group.create_dataset(_NUMBERS, numbers.shape, numbers.dtype, external=storage)


def _with_linked_numbers(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    with h5py.File(folder / "numbers.h5", "w") as other:
        other["a"] = numbers
    group[_NUMBERS] = h5py.ExternalLink(str(folder / "numbers.h5"), "/a")


def _with_soft_numbers(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    group["a"] = numbers
    group[_NUMBERS] = h5py.SoftLink(f"{group.name}/a")


def _with_virtual_numbers(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    with h5py.File(folder / "source.h5", "w") as other:
        other["a"] = numbers
    layout = h5py.VirtualLayout(numbers.shape, numbers.dtype)
    layout[:] = h5py.VirtualSource(str(folder / "source.h5"), "a", numbers.shape)
    group.create_virtual_dataset(_NUMBERS, layout)


def _with_unstored_numbers(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    group["TransformFixedParameters"][:3] = 512
    group.create_dataset(_NUMBERS, (3 * 512**3,), np.float64, chunks=(1 << 20,))


def _with_zipped_zeros(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    group["TransformFixedParameters"][:3] = 128
    zeros = np.zeros(3 * 128**3)
    group.create_dataset(_NUMBERS, data=zeros, compression="gzip", chunks=(1 << 20,))


def _with_a_giant_grid(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    group[_NUMBERS] = numbers
    group["TransformFixedParameters"][:3] = 4096


def _with_itself(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    group[_NUMBERS] = group


def _many_times(group: h5py.Group, numbers: np.ndarray, folder: Path) -> None:
    """One array under many names, each of which ITK would read anew."""
    group[_NUMBERS] = numbers
    for number in range(2, 200):
        group.parent[str(number)] = group


TRANSFORMS: dict[str, Maker] = {
    "external-storage-transform.h5": _composite(_with_external_numbers),
    "external-link-transform.h5": _composite(_with_linked_numbers),
    "soft-link-transform.h5": _composite(_with_soft_numbers),
    "virtual-transform.h5": _composite(_with_virtual_numbers),
    "unstored-transform.h5": _composite(_with_unstored_numbers),
    "bomb-transform.h5": _composite(_with_zipped_zeros),
    "giant-grid-transform.h5": _composite(_with_a_giant_grid),
    "loop-transform.h5": _composite(_with_itself),
    "many-times-transform.h5": _composite(_many_times),
    "pickle-transform.h5": pickled,
}


def _nifti(dims: tuple[int, ...], data: bytes, datatype: int = 2) -> bytes:
    header = bytearray(348)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into(f"<{len(dims) + 1}h", header, 40, len(dims), *dims)
    struct.pack_into("<hh", header, 70, datatype, 8)
    struct.pack_into("<4f", header, 76, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<h", header, 254, 1)
    struct.pack_into("<12f", header, 280, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    header[344:348] = b"n+1\0"
    return bytes(header) + bytes(4) + data


def _image(content: bytes) -> Maker:
    def make(path: Path, folder: Path) -> None:
        path.write_bytes(content)

    return make


IMAGES: dict[str, Maker] = {
    "bomb.nii.gz": _image(gzip.compress(_nifti((900, 900, 900), bytes(1 << 20)))),
    "nested-bomb.nii.gz": _image(gzip.compress(gzip.compress(bytes(50 << 20)))),
    "overfull.nii.gz": _image(gzip.compress(_nifti((8, 8, 8), bytes(200 << 20)))),
    "giant.nii": _image(_nifti((32767, 32767, 32767), bytes(100))),
    "many-dimensions.nii": _image(_nifti((4, 4, 4, 30000, 30000, 30000), bytes(100))),
    "many-members.nii.gz": _image(gzip.compress(_nifti((8, 8, 8), b"")) + gzip.compress(b"") * 20_000),
    "pickle.nii": pickled,
    "archive.nii.gz": zip_slip,
}


def _text(text: str) -> Maker:
    def make(path: Path, folder: Path) -> None:
        path.write_text(text.replace("MARK", str(folder / "ran")), encoding="utf-8")

    return make


RECIPES: dict[str, Maker] = {
    "code.toml": _text("name = \"x\"\n[encoder]\nname = \"__import__('os').mkdir('MARK')\"\n"),
    "code-in-a-knob.toml": _text(
        'name = "x"\n[encoder]\nname = "siamese"\nfeatures = "__import__(\'os\').mkdir(\'MARK\')"\n'
    ),
    "module.toml": _text('name = "x"\n[encoder]\nname = "os:mkdir"\n'),
    "deep.toml": _text("a = " + "[" * 50_000 + "]" * 50_000),
    "long-key.toml": _text(".".join(["a"] * 50_000) + " = 1"),
    "yaml-tag.toml": _text("!!python/object/apply:os.mkdir ['MARK']"),
}
TABLES: dict[str, Maker] = {
    "formula.csv": _text("id,image\n\"=cmd|' /C mkdir MARK'!A0\",x.nii\n"),
    "outside.csv": _text("id,image\n../../../../etc/x,/etc/passwd\n"),
    "long-cell.csv": _text("id,image\na," + "x" * 1_000_000 + "\n"),
    "deep/cohort.json": _text("[" * 200_000),
}
