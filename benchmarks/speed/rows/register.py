"""One image onto another, from the shell: start, read, align, register, warp, write."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "`contreg register`, learned model, affine beforehand",
    "160 x 192 x 160 at 1 mm, whole process, against antspyx SyN",
    {"contreg": "own", "antspyx": "peers"},
    faster={"antspyx": 8},
    rounds=(1, 2),
    memory=False,
    note="both align first; contreg writes the moved image, both fields, a quality record",
)
ANTS = """
import ants, sys
fixed, moving = ants.image_read(sys.argv[2]), ants.image_read(sys.argv[1])
found = ants.registration(fixed, moving, type_of_transform="SyN")
ants.image_write(found["warpedmovout"], sys.argv[3])
"""


def contreg() -> Call:
    """With a checkpoint of ``contrastive-vae``; what it has learned does not change the time."""
    folder = _images()
    run = folder / "run"
    cohort = ["--data", "synthetic", "--model", "contrastive-vae", "--cache", str(folder / "cache")]
    _contreg("prepare", *cohort, "-s", "cohort.subjects=4", "-s", "cohort.size=48,48,48")
    small = ["--steps", "1", "-s", "training.validation=0", "--device", "cpu"]
    _contreg("fit", *cohort, "--run", str(run), *small)

    def call() -> None:
        out = str(Path(tempfile.mkdtemp(dir=folder)))
        images = str(folder / "moving.nii.gz"), str(folder / "fixed.nii.gz")
        _contreg("register", *images, "--model", str(run), "-o", out, "--device", "cpu")

    return call


def antspyx() -> Call:
    """``ants.registration(type_of_transform="SyN")``, its default."""
    folder = _images()
    files = [str(folder / f"{name}.nii.gz") for name in ("moving", "fixed", "moved")]

    def call() -> None:
        subprocess.run([sys.executable, "-c", ANTS, *files], check=True)

    return call


def _images() -> Path:
    """Two brains of one person's shape, a few mm apart, in a folder of their own."""
    import nibabel as nib

    folder = Path(tempfile.mkdtemp())
    for name, seed, offset in (("moving", 0, 3.0), ("fixed", 1, 0.0)):
        affine = np.eye(4)
        affine[:3, 3] = -np.array(data.ONE_MM) / 2 + offset
        nib.save(nib.Nifti1Image(data.image(data.ONE_MM, seed), affine), folder / f"{name}.nii.gz")
    return folder


def _contreg(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "contreg_cli", *arguments], check=True)
