"""Without contreg's own models and cohorts the core still starts, says that it has nothing, and serves a stranger."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from contreg_cli.scaffold import write_package
from contreg_core.volume import Volume, write_volume
from tests.program import pip_install

ROOT = Path(__file__).parents[2]
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with contreg's packages and its metadata, its entry points taken out."""
    folder = tmp_path_factory.mktemp("bare")
    for package in ("contreg_core", "contreg", "cli/contreg_cli"):
        source = ROOT / package
        (folder / source.name).symlink_to(source)  # a copy's loops would be compiled anew
    info = folder / "contreg-0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: contreg\nVersion: 0.0\n")
    return folder


@pytest.fixture(scope="module")
def stranger(bare: Path) -> Path:
    """The same beside a stranger's model, losses and cohort, which know only the core."""
    site = bare.parent / "stranger"
    shutil.copytree(bare, site, symlinks=True)
    kinds = (("lone", "model"), ("study", "cohort"), ("apart", "loss"), ("euler", "warper"))
    pip_install(site, [write_package(name, kind, bare.parent / "sources")[0].parent for name, kind in kinds])
    return site


def contreg(site: Path, *arguments: object) -> Done:
    """The program of that site; its metadata comes before those of the suite's own contreg."""
    others = [path for path in sys.path if path and not _holds_contreg(Path(path))]
    program = f"import sys; sys.path[:] = {[str(site), *others]!r}; from contreg_cli.main import main; main()"
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CONTREG_PLUGINS")
    }
    environment |= {"OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(site / "cache")}
    command = [sys.executable, "-I", "-c", program, *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=site, capture_output=True, text=True)


def _holds_contreg(folder: Path) -> bool:
    return any((folder / package).is_dir() for package in ("contreg_core", "contreg_cli", "contreg_adapters"))


def test_a_core_alone_starts_lists_nothing_and_says_so(bare: Path) -> None:
    assert contreg(bare, "--help").returncode == 0
    listed = contreg(bare, "list")
    assert listed.returncode == 0, listed.stderr
    assert "nothing is installed that brings" in listed.stdout
    assert "no plugin is installed" in contreg(bare, "plugins", "list").stdout
    miss = contreg(bare, "fit", "--model", "contrastive-vae", "--data", "synthetic")
    assert miss.returncode == 2
    assert "there are no" in miss.stderr


def test_a_strangers_model_alone_fits_and_evaluates(stranger: Path) -> None:
    write_study(stranger / "brains")
    settings = ["-s", "preprocessing.spacing=0"]
    own = [
        "-s",
        "warper=euler",
        "-s",
        "loss.apart.weight=1",
        "-s",
        "loss.lncc.weight=0",
        "-s",
        "loss.gradient-l2.weight=0",
    ]
    steps = [
        ["prepare", "--data", "study", "--source", "brains", "--model", "lone", *settings],
        ["fit", "--model", "lone", "--data", "study", *settings, *own, "--steps", "2", "--run", "run"],
        ["evaluate", "run", "--json"],
    ]
    for step in steps:
        done = contreg(stranger, *step)
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pairs"] == 2
    listed = contreg(stranger, "plugins", "list").stdout
    assert "contreg_plugins" not in listed
    assert "contreg-lone 0.1.0" in listed


def write_study(folder: Path) -> None:
    """Ten brains of one region, two of them for testing."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    for number in range(10):
        image = np.zeros((16, 16, 16), np.float32)
        image[3:12, 4:13, 3 : 12 + number % 3] = 100 + 20 * rng.random((9, 9, 9 + number % 3))
        write_volume(folder / f"s{number}.nii.gz", Volume(image, affine))
        write_volume(folder / f"s{number}_labels.nii.gz", Volume((image > 0).astype(np.int16), affine))
