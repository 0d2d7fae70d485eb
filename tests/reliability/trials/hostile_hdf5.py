"""HDF5 made to lead elsewhere or to fill the memory, through every reader of HDF5: each refuses it in words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from contreg_core.cache import read_subject
from contreg_core.errors import ContregError
from contreg_core.transform import read_chain
from tests.security import hostile
from trials.tally import Row

READERS: dict[str, Callable[[Path], Any]] = {
    "cached scans": read_subject,
    "ITK transforms": read_chain,
}


def trial(folder: Path) -> list[Row]:
    """One row: every hostile file by every reader; a file that is read is silently wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secret").write_bytes(hostile.SECRET)
    with h5py.File(folder / "other.h5", "w") as file:
        file["image"] = np.ones((4, 4, 4), np.uint16)
    row = Row("hostile HDF5", "every reader")
    for name, make in {**hostile.CACHES, **hostile.TRANSFORMS}.items():
        make(folder / name, folder)
        for reader, read in READERS.items():
            row.tried += 1
            try:
                read(folder / name)
            except ContregError:
                continue
            except Exception as error:  # any other is what a person would see as a traceback
                row.miss("tracebacks", f"{name}, {reader}: {type(error).__name__}: {error}")
            else:
                row.miss("silently_wrong", f"{name} was read by the reader of {reader}")
    return [row]
