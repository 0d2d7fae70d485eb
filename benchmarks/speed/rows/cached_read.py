"""Reading a volume and its labels to arrays."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Cached volume read",
    "160 x 192 x 160 image and labels to float32 and uint8",
    {"contreg": "own", "nibabel": "own"},
    faster={"nibabel": 8},
    rounds=(9, 15),
    note="nibabel reads .nii.gz; contreg also reads a mask and checks every chunk's sum",
)


def _brain() -> tuple[Any, Any]:
    """With a scanner's noise inside: smooth images are too easy to compress."""
    image, rng = data.image(data.ONE_MM), np.random.default_rng(5)
    noise = rng.normal(0, 0.02, image.shape).astype(np.float32)
    return np.where(image > 0, image + noise, 0).astype(np.float32), data.labels(data.ONE_MM)


def contreg() -> Call:
    """``read_subject`` of the cache."""
    from contreg_core.cache.subject_file import read_subject, write_subject
    from contreg_core.preprocessing.apply import ProcessedScan
    from contreg_core.volume import Volume

    image, labels = _brain()
    path = Path(tempfile.mkdtemp()) / "scan.h5"
    scan = ProcessedScan(Volume(image, np.eye(4)), Volume(labels, np.eye(4)), image > 0, ())
    write_subject(path, scan, "")
    return lambda: read_subject(path).image


def nibabel() -> Call:
    """Two .nii.gz files."""
    import nibabel as nib

    folder = Path(tempfile.mkdtemp())
    for name, array in zip(("image", "labels"), _brain(), strict=True):
        nib.save(nib.Nifti1Image(array, np.eye(4)), folder / f"{name}.nii.gz")

    def call() -> Any:
        image, labels = (nib.load(folder / f"{name}.nii.gz") for name in ("image", "labels"))
        np.asarray(labels.dataobj)
        return image.get_fdata(dtype=np.float32)

    return call


def sizes() -> dict[str, float]:
    """MiB of the raw arrays and of the cached file."""
    from contreg_core.cache.subject_file import write_subject
    from contreg_core.preprocessing.apply import ProcessedScan
    from contreg_core.volume import Volume

    image, labels = _brain()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.h5"
        write_subject(
            path, ProcessedScan(Volume(image, np.eye(4)), Volume(labels, np.eye(4)), image > 0, ()), ""
        )
        return {"raw": (image.nbytes + labels.nbytes) / 2**20, "cached": os.path.getsize(path) / 2**20}
