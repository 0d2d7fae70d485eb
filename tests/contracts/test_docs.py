"""The documentation is true: links lead somewhere, commands are ones the program takes, console blocks are run."""

import importlib.util
import re
import runpy
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import click
import numpy as np
import pytest
import torch

from contreg_adapters.synthetic import Synthetic
from contreg_cli.main import cli, run
from contreg_core.catalogue import Catalogue, Contribution
from contreg_core.engine import Engine
from contreg_core.inference.solved import load_solver
from contreg_core.parameters import parameters_of
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import load_recipe
from contreg_core.types import Encoding, Field, Pair, Registration
from contreg_core.volume import write_volume

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)


def commands(page: Path) -> Iterator[str]:
    """Every ``contreg`` command line in a block without language or marked console, continuations joined."""
    for block in (*blocks(page, ""), *blocks(page, "console")):
        for line in block.replace("\\\n", " ").splitlines():
            text = line.removeprefix("$ ").strip()
            if text.startswith("contreg "):
                yield text.split("  #")[0]


ALL = [(page.relative_to(ROOT).as_posix(), line) for page in PAGES for line in commands(page)]
RUN = [page for page in PAGES if blocks(page, "console")]


@pytest.mark.parametrize(("page", "line"), ALL, ids=[f"{page}: {line}" for page, line in ALL])
def test_every_command_line_is_one_the_program_takes(page: str, line: str) -> None:
    # As the program makes it: click keeps the help option a command first met, for the whole process.
    with click.Context(cli, **cli.context_settings) as context:
        command, arguments = cli, shlex.split(line)[1:]
        while isinstance(command, click.Group) and arguments:
            _, command, arguments = command.resolve_command(context, arguments)
        assert command is not None
        command.make_context("contreg", list(arguments), parent=context)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small images, label maps and points that pages name."""
    folder = tmp_path_factory.mktemp("files")
    cohort = Synthetic(subjects=3, size=(20, 24, 20), spacing=8.0)
    for name, scan in zip(("moving", "fixed", "atlas"), cohort.scans(), strict=True):
        loaded = cohort.load(scan)
        assert loaded.labels is not None
        smaller = loaded.image.affine @ np.diag([0.25, 0.25, 0.25, 1.0])  # as for the default grid of 2 mm
        write_volume(folder / f"{name}.nii.gz", replace(loaded.image, affine=smaller))
        write_volume(folder / f"{name}_labels.nii.gz", replace(loaded.labels, affine=smaller))
    centre = smaller[:3, :3] @ [9, 12, 9] + smaller[:3, 3]
    for name in ("on_moving", "on_fixed"):
        row = ",".join(f"{value:.2f}" for value in centre)
        (folder / f"{name}.csv").write_text(f"name,x,y,z\ncentre,{row}\n", encoding="utf-8")
    return folder


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_console_blocks_run(
    page: Path,
    tmp_path: Path,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process: starting one for every line takes longer than most lines. Python blocks come after them."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for block in blocks(page, "console"):
        for line in block.splitlines():
            assert line.startswith("$ contreg "), line
            assert run(shlex.split(line)[2:]) == 0, f"{line}\n{capsys.readouterr().err}"
    for number, block in enumerate(blocks(page, "python")):
        (tmp_path / f"block{number}.py").write_text(block, encoding="utf-8")
        runpy.run_path(str(tmp_path / f"block{number}.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_resolve(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


PLUGINS = ROOT / "docs/how-to/plugins.md"


def plugin_of_the_page(folder: Path, name: str, number: int) -> ModuleType:
    """A Python block of the page as a module."""
    file = folder / f"{name}.py"
    file.write_text(blocks(PLUGINS, "python")[number], encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_plugin_of_the_page_is_a_plugin(tmp_path: Path) -> None:
    project = tomllib.loads(blocks(PLUGINS, "toml")[0])
    assert project["project"]["entry-points"]["contreg"] == {"tukey": "contreg_tukey"}
    (loss,) = plugin_of_the_page(tmp_path, "contreg_tukey", 0).contreg_components()
    assert parameters_of(loss)["width"].default == 0.3
    same, other = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    assert loss()(_registration(same, same)) == 0
    assert loss()(_registration(other, same)) == 1


def test_the_solver_of_the_page_solves(tmp_path: Path) -> None:
    module = plugin_of_the_page(tmp_path, "contreg_shift", 1)
    (recipe,) = map(load_recipe, module.contreg_recipes())
    known = tuple(load_catalogue(plugins=False).components())
    catalogue = Catalogue.of([Contribution("all", "all", (*known, *module.contreg_components()), (recipe,))])
    model = load_solver(recipe, catalogue, Engine.choose("cpu", "float32"))
    moving = np.random.default_rng(0).random((6, 7, 5), dtype=np.float32)
    fixed = np.roll(moving, (-1, 2), (0, 2))
    found = model.register(moving, fixed).displacement
    assert found.unique().tolist() == [-2.0, 0.0, 1.0]


def _registration(warped: torch.Tensor, fixed: torch.Tensor) -> Registration:
    zero = torch.zeros(1, 2, 4, 4)
    return Registration(Pair(warped, fixed), Encoding(()), Field(zero), zero, zero, warped)
