"""A gamma change needs images in [0, 1]."""

import pytest

from contreg_core.errors import UsageError
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import override, resolve


@pytest.mark.parametrize(("intensity", "fits"), [("robust", True), ("zscore", False), ("nyul", False)])
def test_gamma_is_refused_where_it_would_cut_intensities(intensity: str, fits: bool) -> None:
    catalogue = load_catalogue(plugins=False)
    settings = ["augmentation.gamma=0.3", f"preprocessing.intensity={intensity}"]
    recipe = override(catalogue.recipe("voxelmorph"), settings, catalogue)
    if fits:
        resolve(recipe, catalogue)
        return
    with pytest.raises(UsageError, match="needs images in"):
        resolve(recipe, catalogue)
