"""Flipped bits and cut ends: a reader gives the very values that were written, or a ``ContregError``."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from contreg_core.cache import read_subject, write_subject
from contreg_core.checkpoint import read_checkpoint, write_checkpoint
from contreg_core.errors import ContregError
from contreg_core.preprocessing.apply import ProcessedScan
from contreg_core.volume import Volume, read_volume, write_volume
from trials.tally import Row

Values = list[Any]


def trial(folder: Path, rng: random.Random, *, flips: int, cuts: int) -> list[Row]:
    """Two rows for each kind of file: ``flips`` single bits and ``cuts`` lengths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        row
        for name, (write, read) in KINDS.items()
        for row in _rows(folder / name, write, read, rng, flips, cuts)
    ]


def _rows(
    path: Path,
    write: Callable[[Path], None],
    read: Callable[[Path], Values],
    rng: random.Random,
    flips: int,
    cuts: int,
) -> list[Row]:
    write(path)
    whole = path.read_bytes()
    wanted = read(path)
    flipped, cut = Row("flipped bit", path.name), Row("cut short", path.name)
    for bit in rng.sample(range(8 * len(whole)), min(flips, 8 * len(whole))):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        _try(path, bytes(damaged), read, wanted, flipped, f"bit {bit}")
    for length in rng.sample(range(len(whole)), min(cuts, len(whole))):
        _try(path, whole[:length], read, wanted, cut, f"{length} bytes")
    return [flipped, cut]


def _try(
    path: Path, content: bytes, read: Callable[[Path], Values], wanted: Values, row: Row, what: str
) -> None:
    path.write_bytes(content)
    row.tried += 1
    try:
        found = read(path)
    except ContregError:
        return
    except Exception as error:  # any other is what a person would see as a traceback
        row.miss("tracebacks", f"{path.name}, {what}: {type(error).__name__}: {error}")
        return
    if not _same(found, wanted):
        row.miss("silently_wrong", f"{path.name}, {what}")


def _same(found: Values, wanted: Values) -> bool:
    return len(found) == len(wanted) and all(
        np.array_equal(one, other) if isinstance(other, np.ndarray) else one == other
        for one, other in zip(found, wanted, strict=True)
    )


def _image() -> np.ndarray:
    rng = np.random.default_rng(0)
    image = rng.normal(100, 15, (14, 16, 12)).astype(np.float32)
    image[:4] = 0
    return image


def _write_volume(path: Path) -> None:
    affine = np.array([[2.0, 0, 0, -9], [0, 2.5, 0, 3], [0, 0, 2, 1], [0, 0, 0, 1]])
    write_volume(path, Volume(_image(), affine))


def _read_volume(path: Path) -> Values:
    volume = read_volume(path, kind="image")
    return [volume.array, volume.affine, volume.oriented]


def _write_subject(path: Path) -> None:
    image, affine = _image(), np.diag([2.0, 2.0, 2.0, 1.0])
    labels = np.random.default_rng(1).integers(0, 190, image.shape)
    scan = ProcessedScan(Volume(image, affine), Volume(labels, affine), image > 0, ("turned", "é"))
    write_subject(path, scan, "a key")


def _read_subject(path: Path) -> Values:
    found = read_subject(path)
    return [found.image, found.labels, found.mask, found.affine, found.key, found.notes]


def _write_checkpoint(path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    tensors = {f"model/{k}.weight": torch.randn(4, k + 1, 3, 3, generator=generator) for k in range(6)}
    write_checkpoint(path, tensors, {"recipe": "name = 'é'", "place": {"step": 7}, "data": {"ids": ["a"]}})


def _read_checkpoint(path: Path) -> Values:
    found = read_checkpoint(path)
    return [dict(found.record), *(value.numpy() for _, value in sorted(found.tensors.items()))]


KINDS: dict[str, tuple[Callable[[Path], None], Callable[[Path], Values]]] = {
    "image.nii.gz": (_write_volume, _read_volume),
    "cache.h5": (_write_subject, _read_subject),
    "checkpoint.safetensors": (_write_checkpoint, _read_checkpoint),
}
