"""The program in this process, and tiny cohorts for it: four brains of 16 voxels a side."""

import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.synthetic import Synthetic
from contreg_adapters.synthetic.layouts import write_layout
from contreg_cli.main import run
from contreg_core.cache import CachedCohort
from contreg_core.engine import Engine
from contreg_core.plugins import load_catalogue
from contreg_core.prepare import Preparation, prepare
from contreg_core.recipe import override
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session
from contreg_core.volume import write_volume
from tests.program import contreg

__all__ = ["contreg"]

TINY = ["-s", "preprocessing.spacing=0"]
SMALL = [
    *("--model", "contrastive-vae", "--data", "synthetic", "--device", "cpu", *TINY),
    *("-s", "encoder.features=4,4,4", "-s", "training.validation=2", "-s", "training.validate_every=3"),
    *("-s", "training.warmup_steps=1"),
]


@pytest.fixture
def small() -> list[str]:
    """The options of ``fit`` for the tiny model."""
    return list(SMALL)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the tiny synthetic cohort: four training and two test subjects."""
    root = tmp_path_factory.mktemp("cache")
    cohort = ["--data", "synthetic", "-s", "cohort.size=16,16,16", "-s", "cohort.subjects=6"]
    assert run(["prepare", *cohort, "--cache", str(root), *TINY]) == 0
    return root


@pytest.fixture(scope="module")
def six_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort of six test pairs."""
    root = tmp_path_factory.mktemp("cache")
    sizes = ["-s", "cohort.size=16,16,16", "-s", "cohort.subjects=8"]
    assert run(["prepare", "--data", "synthetic", "--cache", str(root), *sizes, *TINY]) == 0
    return root


@pytest.fixture(scope="session")
def trained(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six steps."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    assert run(["fit", *SMALL, "--cache", str(cache), "--run", str(folder), "--steps", "6"]) == 0
    return folder


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three brains as a copy of LPBA40 in layout 4, at 7.5 mm."""
    folder = tmp_path_factory.mktemp("study") / "LPBA40"
    return write_layout(Synthetic(subjects=3, size=(26, 32, 26), spacing=7.5), folder, 4)


@pytest.fixture
def lpba40(written: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may damage."""
    return shutil.copytree(written, tmp_path / "LPBA40")


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps on two training subjects at 8 mm, its cache, and all three subjects as files."""
    folder = tmp_path_factory.mktemp("study")
    catalogue = load_catalogue(plugins=False)
    small = ["training.steps=2", "training.validation=0", "preprocessing.spacing=8.0", "decoder.features=vm1"]
    recipe = override(catalogue.recipe("voxelmorph/mse"), small, catalogue)
    cohort = Synthetic(subjects=3, size=(20, 24, 20), spacing=8.0)
    plan = Preparation.plan(cohort, recipe.preprocessing, folder / "cache")
    cached = plan.finish(cohort.scans(), list(prepare(plan, cohort.scans())))
    session = Session(recipe, cached, RunFolder(folder / "run"), Engine.choose("cpu", "float32"), catalogue)
    list(session.advance())
    for scan in cohort.scans():
        loaded = cohort.load(scan)
        assert loaded.labels is not None
        write_volume(folder / f"{scan.id}.nii.gz", loaded.image)
        write_volume(folder / f"{scan.id}_labels.nii.gz", loaded.labels)
    return folder


@pytest.fixture(scope="session")
def velocities(study: Path) -> Path:
    """A run of two steps of a model with velocities, on the study's cache."""
    catalogue = load_catalogue(plugins=False)
    small = ["training.steps=2", "training.validation=0", "preprocessing.spacing=8.0", "encoder.features=4,4"]
    recipe = override(catalogue.recipe("contrastive-vae"), [*small, "decoder.mean_std=0.3"], catalogue)
    (cached,) = [CachedCohort.open(path.parent) for path in (study / "cache").glob("*/cohort.json")]
    session = Session(
        recipe, cached, RunFolder(study / "velocities"), Engine.choose("cpu", "float32"), catalogue
    )
    list(session.advance())
    return study / "velocities"


@pytest.fixture(scope="session")
def trio(study: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two images and the labels of the first, as of brains that fit the default grid of 2 mm."""
    folder = tmp_path_factory.mktemp("small")
    paths = []
    for name in ("S01", "S02", "S01_labels"):
        image = nib.load(study / f"{name}.nii.gz")
        image.affine[:3] /= 4
        paths.append(folder / f"{name}.nii.gz")
        nib.save(nib.Nifti1Image(np.asarray(image.dataobj), image.affine), paths[-1])
    return paths
