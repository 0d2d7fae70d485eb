"""Which recipe a name means."""

import json
import shutil
from pathlib import Path

import pytest

from contreg.front import Front
from contreg.plugins import catalogue_of
from contreg.recipes import find_recipe
from contreg_cli.main import run
from contreg_core.catalogue import Catalogue
from contreg_core.errors import ContregError
from contreg_core.recipe import dump_recipe


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(Front())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue) -> Path:
    """A run called as a recipe, trained by another one."""
    run = tmp_path / "voxelmorph"
    run.mkdir()
    (run / "recipe.toml").write_text(dump_recipe(catalogue.recipe("faim")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return run


@pytest.mark.usefixtures("folder")
def test_a_recipe_is_not_hidden_by_a_folder_of_its_name(catalogue: Catalogue) -> None:
    assert find_recipe(catalogue, "voxelmorph") == catalogue.recipe("voxelmorph")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["./voxelmorph", "voxelmorph/", "absolute"])
def test_a_path_means_the_folder(catalogue: Catalogue, folder: Path, name: str) -> None:
    assert find_recipe(catalogue, str(folder) if name == "absolute" else name).name == "faim"


def test_show_takes_a_name_as_fit_does(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained, tmp_path / "faim")
    monkeypatch.chdir(tmp_path)
    assert run(["show", "faim", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "recipe"
    assert run(["show", "./faim", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "model"


def test_what_is_neither_is_told_so(catalogue: Catalogue) -> None:
    with pytest.raises(ContregError, match="voxelmorf"):
        find_recipe(catalogue, "voxelmorf")
