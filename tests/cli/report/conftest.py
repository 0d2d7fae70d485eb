"""A run of two steps on three small brains, and the cache it was trained on."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from contreg_core.cache import CachedCohort, CachedScan, cache_folder, write_subject
from contreg_core.cohort import Label, Protocol
from contreg_core.engine import Engine
from contreg_core.evaluation import summarise, write_csv
from contreg_core.files import write_json
from contreg_core.inference.evaluate import evaluate, evaluation_pairs
from contreg_core.inference.trained import load_trained
from contreg_core.plugins import load_catalogue
from contreg_core.preprocessing.apply import ProcessedScan
from contreg_core.recipe import override
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session
from contreg_core.volume import Volume

HOSTILE = "</script><img src=x onerror=alert(1)> & \"quoted\" 'name'"
LABELS = (Label(3, f"cortex {HOSTILE}", "L"), Label(7, "core"), Label(9, "never seen"))
PROTOCOL = Protocol("blobs/contreg", (3, 7), {f"outer {HOSTILE}": (3,), "inner": (7,)})
SPACE = (20, 24, 18)


def blob(shift: float, seed: int) -> ProcessedScan:
    """Two nested ellipsoids with a little noise."""
    grid = np.stack(np.meshgrid(*(np.arange(size) for size in SPACE), indexing="ij"))
    centre = np.array([(size - 1) / 2 for size in SPACE]) + shift
    radius = np.sqrt((((grid.T - centre) / (np.array(SPACE) * 0.4)) ** 2).sum(-1)).T
    labels = np.where(radius < 0.5, 7, np.where(radius < 1, 3, 0)).astype(np.uint8)
    noise = np.random.default_rng(seed).normal(0, 0.02, SPACE)
    image = (np.clip(1.2 - radius, 0, 1) + np.where(radius < 1, noise, 0)).astype(np.float32)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    return ProcessedScan(Volume(image, affine), Volume(labels, affine), labels > 0)


def write_cache(root: Path, recipe) -> CachedCohort:
    ids = ("A1", "A2", "A3", "A4", "A5", "A6")
    splits = ("train",) * 3 + ("test",) * 3
    folder = cache_folder(root, "blobs", recipe.preprocessing)
    scans = tuple(CachedScan(id_, id_, split, "", "k") for id_, split in zip(ids, splits, strict=True))
    cohort = CachedCohort(
        folder, "blobs", recipe.preprocessing, LABELS, (PROTOCOL,), PROTOCOL.name, False, (), scans, {}
    )
    for number, id_ in enumerate(ids):
        write_subject(cohort.path(id_), blob(0.5 * number - 1, number), "k")
    cohort.save()
    return cohort


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue(plugins=False)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, catalogue) -> tuple[Path, Path]:
    """(run, cache root) of an evaluated run; tests copy it before they change it."""
    root = tmp_path_factory.mktemp("report")
    recipe = override(
        catalogue.recipe("voxelmorph-diff"), ["training.steps=2", "training.validation=0"], catalogue
    )
    cohort = write_cache(root / "cache", recipe)
    for _ in Session(recipe, cohort, RunFolder(root / "run"), Engine.choose("cpu"), catalogue).advance():
        pass
    score(root / "run", root / "cache", catalogue)
    return root / "run", root / "cache"


@pytest.fixture
def evaluated(trained: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained[0], tmp_path / "run"))


@pytest.fixture
def run(evaluated: Path) -> Path:
    """The run before anyone evaluated it."""
    shutil.rmtree(evaluated / "evaluation")
    return evaluated


@pytest.fixture
def cache(trained: tuple[Path, Path]) -> Path:
    return trained[1]


def score(run: Path, cache: Path, catalogue) -> None:
    cohort = CachedCohort.open(next(cache.iterdir()))
    model = load_trained(run, catalogue, Engine.choose("cpu", "float32"))
    protocol = cohort.protocol()
    pairs = evaluation_pairs(cohort, cohort.split("test"), protocol)
    scores = list(evaluate(model.register, cohort, pairs, protocol))
    folder = RunFolder(run).evaluation(protocol.name)
    write_csv(folder / "pairs.csv", scores)
    write_json(folder / "summary.json", summarise(scores, protocol))
