"""The cohort written to disk as Mindboggle-101 is laid out (methods.md D.3), traps included."""

from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from contreg_adapters.mindboggle import Mindboggle
from contreg_adapters.mindboggle.naming import COHORTS, TESTING, TRAINING
from contreg_adapters.synthetic.cohort import Synthetic
from contreg_adapters.synthetic.dkt31 import dkt31
from contreg_core.cohort import LoadedScan
from contreg_core.errors import OutputError
from contreg_core.volume import Volume, to_ras, with_orientation

_FRONTAL_POLE = 1032


def write_mindboggle(cohort: Synthetic, folder: Path, *, cohorts: tuple[str, ...] = COHORTS) -> Path:
    """Write ``cohort`` under ``folder`` and return the folder to give as ``--source``.

    Training subjects go in turn to NKI-RS-22 and NKI-TRT-20, tests to OASIS-TRT-20; ``cohorts`` are those that are
    written, OASIS-TRT-20 alone with all subjects, tests from number 11. Files are stored with x decreasing, as FSL's
    MNI152 is. NKI-TRT-20 has only ``+aseg`` maps, OASIS-TRT-20 a DKT25 map and some voxels of the frontal pole (1032),
    which DKT31 does not have. Raises ``OutputError`` where it may not write.
    """
    try:
        for scan in cohort.scans():
            name = _name(cohort, scan.id, cohorts)
            if name is not None:
                _subject(folder / f"{name.rpartition('-')[0]}_volumes" / name, cohort.load(scan))
        return folder
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}", "name a folder you may write to") from error


def _name(cohort: Synthetic, id_: str, cohorts: tuple[str, ...]) -> str | None:
    """The subject's name in the study; None if its cohort is not written."""
    scans = cohort.scans()
    number = next(n for n, scan in enumerate(scans) if scan.id == id_)
    trains = sum(scan.split == "train" for scan in scans)
    tests = scans[number].split == "test"
    if cohorts == (TESTING,):
        return f"{TESTING}-{number - trains + 11 if tests else number + 1}"
    study = TESTING if tests else TRAINING[number % 2]
    index = number - trains if tests else number // 2
    return f"{study}-{index + 1}" if study in cohorts else None


def _subject(folder: Path, scan: LoadedScan) -> None:
    assert scan.labels is not None, "synthetic scans are labelled"
    with_aseg = folder.name.startswith("NKI-TRT-20")
    labels = dkt31(scan.labels.array, aseg=with_aseg)
    _save(folder / "t1weighted_brain.MNI152.nii.gz", np.rint(scan.image.array).astype(np.int16), scan)
    if folder.name.startswith(TESTING):
        _save(folder / "labels.DKT25.manual.MNI152.nii.gz", _dkt25(labels), scan)
        labels[np.nonzero(labels == 1014)[0][:1], ...] = labels[np.nonzero(labels == 1014)[0][:1], ...]
    kind = "+aseg" if with_aseg else ""
    _save(folder / f"labels.DKT31.manual{kind}.MNI152.nii.gz", labels, scan)
