"""The cohort written to disk as Mindboggle-101 is laid out (cohorts.md), traps included."""

from pathlib import Path
from typing import Literal, TypeAlias

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from contreg_adapters.mindboggle.labels import protocols
from contreg_adapters.mindboggle.naming import TESTING, TRAINING
from contreg_adapters.synthetic.cohort import Synthetic
from contreg_adapters.synthetic.dkt31 import dkt31
from contreg_core.cohort import LoadedScan
from contreg_core.errors import OutputError, UsageError

Studies: TypeAlias = Literal["three", "oasis"]
_FRONTAL_POLE = 1032
_TESTS_FROM = 11


def write_mindboggle(cohort: Synthetic, folder: Path, studies: Studies = "three") -> Path:
    """Write ``cohort`` under ``folder`` and return the folder to give as ``--source``.

    "three": training subjects are in turn of NKI-RS-22 and NKI-TRT-20, tests of OASIS-TRT-20; "oasis": all are of
    OASIS-TRT-20, tests from number 11. Files are stored with x decreasing, as FSL's MNI152 is. NKI-TRT-20 has only
    ``+aseg`` maps; OASIS-TRT-20 has DKT25 maps too, and some voxels of the frontal pole, no label of DKT31.
    Raises ``UsageError`` where the numbers of the study do not suffice, ``OutputError`` where it may not write.
    """
    names = subject_names(cohort, studies)
    try:
        for scan in cohort.scans():
            name = names[scan.id]
            _subject(folder / f"{name.rpartition('-')[0]}_volumes" / name, cohort.load(scan))
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}", "name a folder you may write to") from error
    return folder


def subject_names(cohort: Synthetic, studies: Studies = "three") -> dict[str, str]:
    """Scan id -> subject of Mindboggle-101, so that its split is the cohort's."""
    scans = cohort.scans()
    training = [scan.id for scan in scans if scan.split == "train"]
    tests = [scan.id for scan in scans if scan.split == "test"]
    most = (40, 20) if studies == "three" else (10, 10)
    if len(training) > most[0] or len(tests) > most[1]:
        raise UsageError(
            f"{len(training)} subjects to train and {len(tests)} to test, expected at most {most[0]} and {most[1]}",
            "use a smaller cohort",
        )
    if studies == "oasis":
        named = {id_: f"{TESTING}-{n}" for n, id_ in enumerate(training, 1)}
        return named | {id_: f"{TESTING}-{n}" for n, id_ in enumerate(tests, _TESTS_FROM)}
    named = {id_: f"{TRAINING[n % 2]}-{n // 2 + 1}" for n, id_ in enumerate(training)}
    return named | {id_: f"{TESTING}-{n}" for n, id_ in enumerate(tests, 1)}


def _subject(folder: Path, scan: LoadedScan) -> None:
    assert scan.labels is not None, "synthetic scans are labelled"
    nki_trt, oasis = (folder.name.startswith(name) for name in (TRAINING[1], TESTING))
    labels = dkt31(scan.labels.array, aseg=nki_trt)
    if oasis:
        labels.flat[np.flatnonzero(labels == 1014)[:2]] = _FRONTAL_POLE
        _save(folder / "labels.DKT25.manual.MNI152.nii.gz", _dkt25(labels), scan)
    _save(folder / f"labels.DKT31.manual{'+aseg' * nki_trt}.MNI152.nii.gz", labels, scan)
    image = np.rint(scan.image.array.astype(np.float32)).astype(np.int16)
    _save(folder / "t1weighted_brain.MNI152.nii.gz", image, scan)


def _dkt25(labels: NDArray[np.int16]) -> NDArray[np.int16]:
    merging = next(protocol for protocol in protocols() if protocol.merge)
    return np.asarray(merging.merged(labels), np.int16)


def _save(path: Path, array: NDArray[np.int16], scan: LoadedScan) -> None:
    """The array runs from right to left, and the header says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
    mirror[0, 3] = array.shape[0] - 1
    nib.save(nib.Nifti1Image(array[::-1], scan.image.affine @ mirror), path)
