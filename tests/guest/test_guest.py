"""A stranger's package is installed by pip and used: found, built into a model, trained with."""

import ast
import shutil
from pathlib import Path

import pytest
import torch

from contreg_core.catalogue import Catalogue
from contreg_core.plugins import ALLOW_VARIABLE, installed_plugins, load_catalogue
from contreg_core.recipe import build, override
from contreg_core.types import Pair
from tests.program import pip_install

PACKAGE = Path(__file__).parent / "contreg-guest"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guest installed in it; built from a copy, so the tree stays clean."""
    folder = tmp_path_factory.mktemp("guest")
    source = shutil.copytree(PACKAGE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    pip_install(folder / "site", [source])
    return folder / "site"


@pytest.fixture
def catalogue(site: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delenv(ALLOW_VARIABLE, raising=False)
    return load_catalogue()


def test_a_whole_plugin_is_small() -> None:
    """Under ten lines of pyproject and fifteen statements of code, docstrings aside."""
    assert len((PACKAGE / "pyproject.toml").read_text().splitlines()) < 10
    tree = ast.parse((PACKAGE / "contreg_guest.py").read_text())
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    assert len([node for node in statements if not _is_docstring(node)]) < 15


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_it_is_listed_before_it_is_imported(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))
    guest = next(plugin for plugin in installed_plugins() if plugin.distribution == "contreg-guest")
    assert (guest.entry, guest.version, guest.target) == ("guest", "0.1.0", "contreg_guest")


def test_it_comes_with_its_owner(catalogue: Catalogue) -> None:
    assert catalogue.broken == ()
    assert catalogue.owners["loss", "tukey"] == "contreg-guest"


def test_a_setting_adds_it_to_any_recipe_and_its_gradient_trains(catalogue: Catalogue) -> None:
    recipe = override(
        catalogue.recipe("voxelmorph"), ["loss.tukey.weight=0.5", "loss.tukey.scale=1"], catalogue
    )
    assert recipe.losses["tukey"].weight == 0.5
    torch.manual_seed(0)
    model, objective = build(recipe, catalogue, ndim=2)
    value = objective(model(Pair(torch.rand(1, 1, 32, 32), torch.rand(1, 1, 32, 32))))
    value.total.backward()
    assert 0 < value.terms["tukey"].item() < 1
    assert any(p.grad is not None and bool(p.grad.any()) for p in model.parameters())
