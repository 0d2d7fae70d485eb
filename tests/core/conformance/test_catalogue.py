"""Everything contreg itself brings keeps the laws of its kind: the same functions that a stranger runs."""

from typing import Any

import pytest

from contreg_core.components import Component
from contreg_core.conformance import check_cohort, check_component, check_recipe
from contreg_core.plugins import load_catalogue

CATALOGUE = load_catalogue(plugins=False)
SMALL: dict[tuple[str, str], dict[str, Any]] = {
    ("decoder", "laplacian-pyramid"): {"width": 4, "blocks": 1},
    ("decoder", "probabilistic-unet"): {"widths": (4, 6, 8, 8), "bottleneck_width": 8},
    ("encoder", "pyramid"): {"features": (4, 6, 8, 8)},
    ("encoder", "siamese"): {"widths": (4, 6, 8)},
    ("segmenter", "unet"): {"features": (4, 6, 8)},
    ("solver", "convexadam"): {"radius": 3, "steps": 20},
    ("solver", "svf-adam"): {"levels": (4, 2, 1), "steps": (15, 15, 10)},
    ("solver", "utilzreg"): {"iterations": (8, 2)},
}
"""Knobs with which the laws take seconds, not minutes; the laws are the same."""


QUICK = {
    "contrastive-vae",
    "contrastive-vae/light",
    "lapirn",
    "logdemons",
    "unet",
    "voxelmorph-diff",
    "voxelmorph/mse",
}
"""Recipes of every form and warper that are tried in every run; ``make test-all`` tries the others too."""


def often(thing: Any, quick: bool) -> Any:
    return pytest.param(thing, marks=[] if quick else pytest.mark.all)


def name(thing: Any) -> str:
    return f"{getattr(thing, 'kind', 'cohort')}-{thing.name}"


@pytest.mark.parametrize(
    "cls", [often(cls, cls.kind != "solver" or cls.name in QUICK) for cls in CATALOGUE.components()], ids=name
)
def test_component(cls: type[Component]) -> None:
    report = check_component(cls, **SMALL.get((cls.kind, cls.name), {}))
    assert report.held


@pytest.mark.parametrize("recipe", [often(one.name, one.name in QUICK) for one in CATALOGUE.recipes()])
def test_recipe(recipe: str) -> None:
    assert check_recipe(recipe, CATALOGUE).held


@pytest.mark.parametrize("cls", CATALOGUE.cohorts(), ids=name)
def test_cohort_without_its_study(cls: type) -> None:
    """The embedded one in full; of the others what can be said without files (``tests/adapters`` writes those)."""
    knobs = {} if cls.needs_source else {"subjects": 3, "size": (12, 14, 12)}
    assert check_cohort(cls, **knobs).held
