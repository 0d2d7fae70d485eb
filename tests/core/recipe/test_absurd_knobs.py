"""Values that no registration can mean are refused when a recipe is read or built, and the range is said."""

import pytest

from contreg_core.errors import UsageError
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import Recipe, build
from contreg_core.recipe.override import override

CATALOGUE = load_catalogue(plugins=False)
DIFFERENTIABLE = CATALOGUE.recipe("voxelmorph-diff")


def changed(setting: str) -> Recipe:
    return override(CATALOGUE.recipe("voxelmorph"), [setting], CATALOGUE)


@pytest.mark.parametrize("value", ["-1", "0", "2"])
def test_eps(value: str) -> None:
    with pytest.raises(UsageError, match="eps .*, expected above 0, 1 at most"):
        build(changed(f"loss.lncc.eps={value}"), CATALOGUE)


@pytest.mark.parametrize("value", ["10001", "1", "-3", "4"])
def test_window(value: str) -> None:
    with pytest.raises(UsageError, match="window .*, expected an odd number of voxels, 3 to 99"):
        build(changed(f"loss.lncc.window={value}"), CATALOGUE)


@pytest.mark.parametrize("value", ["64", "-1"])
def test_squarings(value: str) -> None:
    with pytest.raises(UsageError, match="steps .*, expected 0 to 16"):
        build(override(DIFFERENTIABLE, [f"warper.steps={value}"], CATALOGUE), CATALOGUE)


@pytest.mark.parametrize("value", ["1e308", "1e10", "1e-300"])
def test_weights(value: str) -> None:
    with pytest.raises(UsageError, match="expected 1e-09 to 1e\\+09"):
        changed(f"loss.lncc.weight={value}")
