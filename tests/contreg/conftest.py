"""Two small brains as files, with labels: what a Python program begins with."""

from pathlib import Path

import pytest

from contreg_adapters.synthetic import Synthetic
from contreg_core.volume import write_volume

QUICK = {"preprocessing.spacing": 6.0}
"""``logdemons`` on a coarse grid: a second or two a pair."""


@pytest.fixture(scope="session")
def brains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``moving``, ``fixed`` and their label maps at 6 mm."""
    folder = tmp_path_factory.mktemp("brains")
    cohort = Synthetic(subjects=2, size=(32, 40, 32), spacing=6.0)
    for name, scan in zip(("moving", "fixed"), cohort.scans(), strict=True):
        loaded = cohort.load(scan)
        assert loaded.labels is not None
        write_volume(folder / f"{name}.nii.gz", loaded.image)
        write_volume(folder / f"{name}_labels.nii.gz", loaded.labels)
    return folder
