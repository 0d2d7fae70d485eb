"""The cohort written to disk as copies of LPBA40 are laid out (cohorts.md), traps included."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import nibabel as nib
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation

from contreg_adapters.synthetic.cohort import Synthetic
from contreg_adapters.synthetic.noise import generator
from contreg_core.cohort import LoadedScan
from contreg_core.errors import OutputError, UsageError
from contreg_core.volume import spacing

Layout: TypeAlias = Literal[1, 3, 4]
Array: TypeAlias = NDArray[np.generic]
_TESTS_FROM = 31
_CUT = (181, 182)


def write_layout(cohort: Synthetic, folder: Path, layout: Layout) -> Path:
    """Write ``cohort`` under ``folder`` and return the folder to give as ``--source``.

    1: delineation space, Analyze ``.hdr`` + ``.img.gz``, axes to the right, back and down, a fourth axis of length 1.
    3: rigid pairs ``l{i}_to_l{j}``, Analyze ``.hdr`` + ``.img``, axes to the left, front and top.
    4: NIfTI; the header says LPS but the first axis runs to the right; intensities 0 to 1; no cerebellum in the image.
    Raises ``UsageError`` for more than 30 training or 10 test subjects, ``OutputError`` where it may not write.
    """
    writers: Mapping[int, Callable[[Synthetic, Path], Path]] = {1: _delineation, 3: _rigid_pairs, 4: _derived}
    if layout not in writers:
        raise UsageError(f"layout {layout}, expected 1, 3 or 4", "choose one of these")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return writers[layout](cohort, folder)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}", "name a folder you may write to") from error


def numbering(cohort: Synthetic) -> dict[str, int]:
    """Scan id -> LPBA40 subject number: training from 1, tests from 31, so that its 30/10 split is the cohort's."""
    scans = cohort.scans()
    training = [scan.id for scan in scans if scan.split == "train"]
    tests = [scan.id for scan in scans if scan.split == "test"]
    if len(training) > 30 or len(tests) > 10:
        raise UsageError(
            f"{len(scans)} subjects do not fit LPBA40's numbers, 30 for training and 10 for testing",
            "use a cohort of at most 30 subjects",
        )
    return {id_: n for n, id_ in enumerate(training, 1)} | {
        id_: n for n, id_ in enumerate(tests, _TESTS_FROM)
    }


def _grown(cohort: Synthetic) -> dict[int, LoadedScan]:
    numbers = numbering(cohort)
    return {numbers[scan.id]: cohort.load(scan) for scan in cohort.scans()}


def _labels(scan: LoadedScan) -> Array:
    assert scan.labels is not None, "synthetic scans are labelled"
    return scan.labels.array.astype(np.uint8)


def _delineation(cohort: Synthetic, folder: Path) -> Path:
    root = folder / "LPBA40" / "delineation_space"
    for number, scan in _grown(cohort).items():
        name = f"S{number:02d}"
        for kind, array in (("skullstripped", _integers(scan)), ("structure.label", _labels(scan))):
            stem = root / name / f"{name}.delineation.{kind}"
            _analyze(stem, array[:, ::-1, ::-1, None], scan)
            _compress(stem.with_name(f"{stem.name}.img"))
    rows = [
        f'  <label id="{label.id}" fullname="{label.side} {label.name}"/>' for label in cohort.label_table()
    ]
    text = "\n".join(["<labelset>", *rows, "</labelset>", ""])
    (root / "lpba40.label.xml").write_text(text, encoding="utf-8")
    return root


def _rigid_pairs(cohort: Synthetic, folder: Path) -> Path:
    grown = _grown(cohort)
    for space in grown:
        pose = _pose(generator(cohort.seed, space, "pose"), cohort.grid.size)
        for number, scan in grown.items():
            stem = f"l{number}_to_l{space}"
            image, labels = pose(_integers(scan), 1), pose(_labels(scan), 0)
            _analyze(folder / "LPBA40_rigidly_registered_pairs" / stem, image[::-1], scan)
            _analyze(folder / "LPBA40_rigidly_registered_label_pairs" / stem, labels[::-1], scan)
    return folder


def _pose(rng: Generator, size: Sequence[int]) -> Callable[[Array, int], Array]:
    """How one person lay in the scanner: a turn of some degrees and a shift of about a voxel."""
    turn = Rotation.from_euler("xyz", rng.uniform(-6, 6, 3), degrees=True).as_matrix()
    middle = (np.asarray(size) - 1) / 2
    offset = middle - turn @ middle + rng.uniform(-1.5, 1.5, 3)
    return lambda array, order: affine_transform(array, turn, offset, order=order)


def _derived(cohort: Synthetic, folder: Path) -> Path:
    for number, scan in _grown(cohort).items():
        name, labels = f"S{number:02d}", _labels(scan)
        image = np.where(np.isin(labels, _CUT), 0, _integers(scan)).astype(np.float64)
        part = "fixed" if number == 1 else f"{'test' if number <= 10 else 'train'}/{name}"
        _nifti(folder / f"{part}.nii.gz", image / image.max(), scan)
        _nifti(folder / "label" / f"{name}.delineation.structure.label.nii.gz", labels, scan)
    for part in ("train", "test"):
        (folder / part).mkdir(exist_ok=True)
    return folder


def _integers(scan: LoadedScan) -> Array:
    return np.rint(scan.image.array.astype(np.float32)).astype(np.int16)


def _nifti(path: Path, array: Array, scan: LoadedScan) -> None:
    """The array runs right, back, up; the header calls that left, back, up, with its origin at 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, second, third = spacing(scan.image.affine)
    nib.save(nib.Nifti1Image(array[:, ::-1], np.diag([-first, -second, third, 1.0])), path)


def _analyze(stem: Path, array: Array, scan: LoadedScan) -> None:
    """``stem.hdr`` and ``stem.img``: spacing only, since Analyze 7.5 has no place for an orientation."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    image = nib.AnalyzeImage(np.ascontiguousarray(array), np.diag([*spacing(scan.image.affine), 1.0]))
    nib.save(image, stem.with_name(f"{stem.name}.img"))


def _compress(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
