"""``contreg plugins``: listing without importing, checking by the laws, and packages that pass as they were written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contreg_cli.scaffold import KINDS
from tests.program import pip_install

ROOT = Path(__file__).parents[2]
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One package of each kind, written by ``plugins new``; ``site`` beside them holds all of them installed by pip."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in KINDS:
        program("plugins", "new", f"my-{kind}", "--kind", kind, "-o", folder)
    pip_install(folder / "site", [folder / f"contreg-my-{kind}" for kind in KINDS])
    return folder


def program(*arguments: object, site: Path | None = None, module: str = "contreg_cli") -> Done:
    path = os.pathsep.join([str(site)] * bool(site) + sys.path)
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_every_kind_of_package_passes_its_own_tests_untouched(packages: Path) -> None:
    tests = [packages / f"contreg-my-{kind}" / "tests" for kind in KINDS]
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-W", "error", "-c", os.devnull]
    done = program(*options, *tests, site=packages / "site", module="pytest")
    assert done.returncode == 0, done.stdout
    assert "20 passed" in done.stdout


def test_a_package_is_complete(packages: Path) -> None:
    folder = packages / "contreg-my-loss"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {
        "pyproject.toml",
        "README.md",
        "contreg_my_loss.py",
        "tests/test_contreg_my_loss.py",
        ".github/workflows/test.yml",
    } <= files
    texts = [(folder / name).read_text() for name in files if not name.startswith("tests/__pycache__")]
    assert not [text for text in texts if "@NAME@" in text or "@MODULE@" in text or "@CLASS@" in text]


def test_what_was_written_is_clean_code(packages: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--quiet",
        "--config",
        ROOT / "pyproject.toml",
        "--ignore",
        "PT028,INP",
    ]
    sources = packages.glob("contreg-my-*")
    done = subprocess.run([*map(str, command), *map(str, sources)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_listing_says_where_each_comes_from_and_checking_what_it_brings(packages: Path) -> None:
    done = program("plugins", "list", "--check", "--json", site=packages / "site")
    rows = {row["entry"]: row for row in json.loads(done.stdout)}
    mine = rows["my-model"]
    assert (mine["distribution"], mine["version"], mine["state"]) == ("contreg-my-model", "0.1.0", "loads")
    assert mine["brings"] == {"encoder": ["my-model"], "decoder": ["my-model"], "recipe": ["my-model"]}
    assert mine["seconds"] >= 0


def test_a_plugin_is_checked_from_the_shell(packages: Path) -> None:
    done = program("plugins", "check", "contreg-my-segmenter", site=packages / "site")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "plugin 'my-segmenter': 1 laws hold",
        "segmenter 'my-segmenter': 11 laws hold",
        "recipe 'my-segmenter': 8 laws hold",
    ]


def altered(packages: Path, site: Path, start: str) -> None:
    """The written loss as an installed plugin "odd", its value beginning with ``start``."""
    source = (packages / "contreg-my-loss" / "contreg_my_loss.py").read_text()
    info = site / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[contreg]\nodd = odd\n")
    (site / "odd.py").write_text(source.replace("return ((", f"return {start}(("))


def test_a_plugin_that_breaks_a_law_is_told_which(packages: Path, tmp_path: Path) -> None:
    altered(packages, tmp_path, "-")
    done = program("plugins", "check", "odd", site=tmp_path)
    assert done.returncode == 69
    assert "  equal-images-score-best\n    found: " in done.stdout
    assert "error: plugin 'odd': 1 laws do not hold. Fix: for its author" in done.stderr


def test_a_plugin_that_never_answers_is_given_up(packages: Path, tmp_path: Path) -> None:
    altered(packages, tmp_path, "__import__('time').sleep(1e9) or ")
    done = program("plugins", "check", "odd", "--timeout", "1s", site=tmp_path)
    assert done.returncode == 69
    assert "    found: not done after 1 s\n    expected: " in done.stdout
    assert "Traceback" not in done.stderr


def test_a_loss_that_is_no_number_is_found_by_the_check_and_ends_a_run(
    packages: Path, tmp_path: Path, cache: Path, small: list[str]
) -> None:
    altered(packages, tmp_path, "float('nan') * ")
    done = program("plugins", "check", "odd", site=tmp_path)
    assert done.returncode == 69
    assert "  answers-are-finite\n    found: nan or infinity" in done.stdout
    more = ["--cache", cache, "--run", tmp_path / "run", "--steps", "4", "-s", "loss.my-loss.weight=1"]
    done = program("fit", *small, *more, site=tmp_path)
    assert done.returncode == 65
    assert "error CR-PLUG-59" in done.stderr
    assert "my-loss" in done.stderr
    assert "before any weight had changed. Fix: for its author: contreg plugins check odd" in done.stderr


def test_nothing_is_overwritten(contreg, tmp_path: Path) -> None:
    (tmp_path / "contreg-mine").mkdir()
    result = contreg("plugins", "new", "mine", "--kind", "loss", "-o", tmp_path)
    assert result.code == 73
    assert "there already" in result.error
    assert list(tmp_path.rglob("*.py")) == []


@pytest.mark.parametrize("name", ["My Loss", "../up", "contreg-", "1"])
def test_a_name_must_name_a_component(contreg, tmp_path: Path, name: str) -> None:
    result = contreg("plugins", "new", name, "--kind", "loss", "-o", tmp_path)
    assert result.code == 2
    assert "cannot name a plugin" in result.error


def test_a_plugin_that_is_not_there_is_suggested(contreg) -> None:
    result = contreg("plugins", "check", "modles")
    assert result.code == 2
    assert "did you mean 'models'?" in result.error


def test_checking_all_says_which_cannot_be_loaded(contreg) -> None:
    assert contreg("plugins", "check").code == 0
    result = contreg("--plugins", "ghost", "plugins", "check")
    assert result.code == 69
    assert "plugins that cannot be loaded: ghost" in result.error
    assert contreg("--plugins", "ghost", "--strict-plugins", "list").code == 69
