"""The plugins of ``plugins/`` in a clean environment: installed by pip, tested by the kit, used through the program."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
MONAI, ANATOMIX = ROOT / "plugins" / "contreg-monai", ROOT / "plugins" / "contreg-anatomix-like"
PAGES = (ROOT / "docs" / "how-to" / "plugins.md", ROOT / "docs" / "how-to" / "conformance.md")
Done = subprocess.CompletedProcess[str]
TINY = ["--data", "synthetic", "-s", "preprocessing.spacing=0"]
SHORT = [*TINY[2:], "-s", "training.validation=2", "-s", "training.validate_every=2", "--steps", "2"]


class Environment:
    """A virtual environment that sees what the suite runs with, and holds a cache of its own."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        site = next((folder / "lib").glob("python*/site-packages"))
        paths = [path for path in (*sys.path, sysconfig.get_path("purelib")) if path and Path(path).is_dir()]
        (site / "suite.pth").write_text("\n".join(dict.fromkeys(paths)), encoding="utf-8")
        self.folder = folder

    def pip(self, *arguments: object) -> Done:
        command = [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", "--no-deps"]
        return self._run([*command, "--disable-pip-version-check", *arguments])

    def run(self, *arguments: object) -> Done:
        return self._run([self.python, *arguments])

    def contreg(self, *arguments: object) -> Done:
        done = self.run("-m", "contreg_cli", *arguments)
        assert done.returncode == 0, done.stderr
        return done

    def _run(self, command: list[object]) -> Done:
        own = {"OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(self.folder / "cache")}
        environment = {
            name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CONTREG_PLUGINS")
        }
        words = [str(word) for word in command]
        return subprocess.run(
            words, env={**environment, **own}, cwd=self.folder, capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With both plugins, built without network from a copy of their folders, and the tiny cohort prepared."""
    environment = Environment(tmp_path_factory.mktemp("clean") / "venv")
    for plugin in PLUGINS:
        done = environment.pip("--no-build-isolation", "--no-index", plugin)
        assert done.returncode == 0, done.stderr
    environment.contreg(
        *("--plugins", "anatomix-like", "prepare"),
        *TINY,
        *("-s", "cohort.size=16,16,16", "-s", "cohort.subjects=6"),
    )
    return environment


@pytest.fixture(scope="module")
def monai(clean: Environment) -> Environment:
    """With MONAI itself, where PyPI can be reached."""
    done = clean.pip("monai>=1.4")
    if done.returncode != 0:
        pytest.skip(f"MONAI cannot be had from PyPI here: {done.stderr.splitlines()[-1:]}")
    return clean


def test_without_its_library_a_plugin_is_off_and_the_others_are_not(clean: Environment) -> None:
    rows = {
        row["entry"]: row for row in json.loads(clean.contreg("plugins", "list", "--check", "--json").stdout)
    }
    assert rows["anatomix-like"]["state"] == "loads"
    assert rows["anatomix-like"]["brings"] == {"loss": ["anatomix-like"]}
    if rows["monai"]["state"] == "broken":
        assert rows["monai"]["reason"] == "ModuleNotFoundError: No module named 'monai'"


def test_the_features_are_trained_by_a_command_and_train_a_model(clean: Environment) -> None:
    before = clean.run("-m", "contreg_cli", *fit("voxelmorph/mse", "anatomix-like"))
    assert before.returncode == 66
    assert "the features are not trained yet" in before.stderr
    assert clean.run("-m", "contreg_anatomix_like.train", "--steps", "3").returncode == 0
    assert "anatomix-like" in clean.contreg(*fit("voxelmorph/mse", "anatomix-like")).stderr


def test_monai_trains_a_model_and_is_one(monai: Environment) -> None:
    settings = [
        "-s",
        "decoder.features=4,4,4,4",
        "-s",
        "decoder.final=4",
        "-s",
        "loss.monai-lncc.kernel_size=5",
    ]
    done = monai.contreg(*fit("monai-voxelmorph", "monai-mutual-information"), *settings)
    assert "monai-bending-energy" in done.stderr
    assert "monai-mutual-information" in done.stderr


def test_the_pages_way_from_nothing_to_a_model_with_a_new_loss(clean: Environment) -> None:
    """Line by line as docs/how-to/plugins.md has it, on a smaller cohort and for two steps."""
    block = re.search(r"```sh\n(contreg plugins new .*?)```", PAGES[0].read_text(encoding="utf-8"), re.S)
    assert block is not None
    lines = [shlex.split(line) for line in block[1].splitlines()]
    assert [words[:2] for words in lines] == [
        ["contreg", "plugins"],
        ["pip", "install"],
        ["contreg", "plugins"],
        ["contreg", "fit"],
    ]
    for program, *words in lines:
        if program == "pip":
            done = clean.pip("--no-build-isolation", "--no-index", *words[1:])
            assert done.returncode == 0, done.stderr
        else:
            done = clean.contreg(*words, *(SHORT if words[0] == "fit" else []))
    assert "soft-hint" in done.stderr


def fit(model: str, loss: str) -> list[object]:
    term = ["-s", f"loss.{loss}.weight=0.5"]
    return ["fit", "--model", model, "--data", "synthetic", *SHORT, *term, "--run", f"runs/{model}"]


def test_the_loss_on_features_passes_its_own_tests(clean: Environment) -> None:
    own_tests(clean, ANATOMIX)


@pytest.mark.all
def test_monais_components_pass_their_own_tests(monai: Environment) -> None:
    own_tests(monai, MONAI)


def own_tests(environment: Environment, plugin: Path) -> None:
    done = environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, plugin / "tests")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_only_public_names_are_used(plugin: Path) -> None:
    """Of contreg a plugin imports what the plugin pages name, and nothing with an underscore."""
    public = set(
        re.findall(r"contreg_core\.\w+", "".join(page.read_text(encoding="utf-8") for page in PAGES))
    )
    used = {
        name
        for path in plugin.rglob("*.py")
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
    }
    ours = {
        name
        for name in used
        if name.startswith(("contreg_core", "contreg_plugins", "contreg_adapters", "contreg_cli", "contreg."))
    }
    modules = {".".join(name.split(".")[:2]) for name in ours}
    assert modules - {"contreg_core.conformance"} <= public
    assert not [name for name in ours if any(part.startswith("_") for part in name.split("."))]


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
