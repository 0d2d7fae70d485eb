"""The documentation is true: links lead somewhere, commands are ones the program takes. tests/docs runs them."""

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import numpy as np
import pytest
import torch

from contreg_cli.main import cli
from contreg_core.catalogue import Catalogue, Contribution
from contreg_core.engine import Engine
from contreg_core.inference.solved import load_solver
from contreg_core.parameters import parameters_of
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import load_recipe
from contreg_core.types import Encoding, Field, Pair, Registration

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


@pytest.mark.parametrize(("page", "line"), ALL, ids=[f"{page}: {line}" for page, line in ALL])
def test_every_command_line_is_one_the_program_takes(page: str, line: str) -> None:
    # As the program makes it: click keeps the help option a command first met, for the whole process.
    with click.Context(cli, **cli.context_settings) as context:
        command, arguments = cli, shlex.split(line)[1:]
        while isinstance(command, click.Group) and arguments:
            _, command, arguments = command.resolve_command(context, arguments)
        assert command is not None
        command.make_context("contreg", list(arguments), parent=context)


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
