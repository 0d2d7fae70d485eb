"""docs/reference/paper-switches.md names knobs that exist, with values they take."""

import re
from pathlib import Path

import pytest

from contreg_core.catalogue import Catalogue, Contribution
from contreg_core.parameters import find, parameters_of, parse
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.recipe import load_recipe, override, resolve
from contreg_core.scheme import Augmentation, Scheme
from contreg_plugins import plugin
from contreg_plugins.decoders.probabilistic_unet import ProbabilisticUNet
from contreg_plugins.encoders.siamese import Siamese
from contreg_plugins.warpers.displacement import DisplacementWarper

PAGE = (Path(__file__).parents[2] / "docs/reference/paper-switches.md").read_text(encoding="utf-8")
SETTINGS = sorted(set(re.findall(r"`([\w.-]+\.\w+)=([^`]+)`", PAGE)))
OWNERS: dict[str, type] = {
    "encoder": Siamese,
    "decoder": ProbabilisticUNet,
    "warper": DisplacementWarper,
    "training": Scheme,
    "augmentation": Augmentation,
    "preprocessing": Preprocessing,
} | {
    f"loss.{component.name}": component
    for component in plugin.contreg_components()
    if component.kind == "loss"
}


@pytest.mark.parametrize(("path", "text"), SETTINGS, ids=[f"{path}={text}" for path, text in SETTINGS])
def test_every_setting_exists_and_takes_the_value(path: str, text: str) -> None:
    owner, _, knob = path.rpartition(".")
    assert owner in OWNERS
    if knob == "weight":
        assert float(text) > 0
    else:
        parse(find(parameters_of(OWNERS[owner]), knob, owner), text)


def test_every_row_is_there() -> None:
    rows = {int(row) for row in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert rows == set(range(1, 34))


@pytest.mark.parametrize("cls", [c for c in plugin.contreg_components() if "contreg_plugins" in c.__module__])
def test_every_knob_is_described(cls: type) -> None:
    assert all(parameter.doc for parameter in parameters_of(cls).values())


CATALOGUE = Catalogue.of(
    [
        Contribution(
            "models",
            "contreg",
            tuple(plugin.contreg_components()),
            tuple(load_recipe(text) for text in plugin.contreg_recipes()),
        )
    ]
)


def promised(column: int) -> list[tuple[str, str]]:
    """Settings of a column, up to the alternatives that follow a semicolon or a year in brackets."""
    rows = re.findall(r"^\| \d+ \|[^|]*\|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)
    cells = [re.split(r"; | \(20", row[column])[0] for row in rows]
    return [setting for cell in cells for setting in re.findall(r"`([\w.-]+\.\w+)=([^`]+)`", cell)]


@pytest.mark.parametrize(
    ("recipe", "column"), [("contrastive-vae/paper", 0), ("contrastive-vae/reference", 1)]
)
def test_the_recipes_do_what_the_page_says(recipe: str, column: int) -> None:
    settings = promised(column)
    assert len(settings) > 20
    as_it_is = resolve(CATALOGUE.recipe(recipe), CATALOGUE)
    as_told = override(as_it_is, [f"{path}={text}" for path, text in settings], CATALOGUE)
    assert as_told == as_it_is
