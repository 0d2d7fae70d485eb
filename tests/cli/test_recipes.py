"""Which recipe a name means."""

from pathlib import Path

import pytest

from contreg_cli.recipes import find_recipe
from contreg_cli.shell import Shell, catalogue_of
from contreg_core.catalogue import Catalogue
from contreg_core.errors import ContregError
from contreg_core.recipe import dump_recipe


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(Shell())


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


def test_what_is_neither_is_told_so(catalogue: Catalogue) -> None:
    with pytest.raises(ContregError, match="voxelmorf"):
        find_recipe(catalogue, "voxelmorf")
