"""The weights that come with contreg: whole, of the recipe they are called after, and of use on brains never seen."""

import numpy as np
import pytest
from numpy.typing import NDArray

from contreg.models import load_model
from contreg_adapters.synthetic import Synthetic
from contreg_core.catalogue import Catalogue
from contreg_core.checkpoint import read_checkpoint
from contreg_core.engine import Engine
from contreg_core.inference.registrar import Registrar
from contreg_core.inference.segmenter import TrainedSegmenter
from contreg_core.labels import warp_labels
from contreg_core.plugins import load_catalogue
from contreg_core.preprocessing.intensity import robust
from contreg_core.recipe import load_recipe, resolve


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(plugins=False)


def overlap(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """Mean Dice over the labels of ``other``."""
    ids = [label for label in np.unique(other) if label]
    shares = [2 * ((one == k) & (other == k)).sum() / ((one == k).sum() + (other == k).sum()) for k in ids]
    return float(np.mean(shares))


def test_the_network_and_its_images_are_those_of_the_recipe(catalogue: Catalogue) -> None:
    record = read_checkpoint(catalogue.weights["brains"]).record
    trained, known = load_recipe(record["recipe"]), resolve(catalogue.recipe("brains"), catalogue)
    assert trained.parts == known.parts
    assert trained.preprocessing == known.preprocessing
    assert record["data"]["cohort"] == "label-maps"
    assert record["export"]["licence"] == "Apache-2.0"


def test_it_is_small_enough_for_a_wheel(catalogue: Catalogue) -> None:
    assert catalogue.weights["brains"].stat().st_size < 8e6


@pytest.mark.parametrize("contrast", ["same", "inverted"])
def test_brains_it_has_never_seen_come_nearer(catalogue: Catalogue, contrast: str) -> None:
    """Procedural ones, which are no faithful anatomy, of one contrast or of two."""
    cohort = Synthetic(subjects=2, size=(64, 80, 64))
    moving, fixed = (cohort.load(scan) for scan in cohort.scans())
    first, second = (robust(one.image.array, one.mask) for one in (moving, fixed))
    if contrast == "inverted":
        first = np.where(moving.mask, 1 - first, 0).astype(np.float32)
    model = load_model("brains", catalogue, Engine.choose("cpu", "float32"))
    assert not isinstance(model, TrainedSegmenter)
    found: Registrar = model
    displacement = found.register(first, second).displacement[0].numpy()
    assert moving.labels is not None
    assert fixed.labels is not None
    before = overlap(moving.labels.array, fixed.labels.array)
    after = overlap(warp_labels(moving.labels.array, displacement), fixed.labels.array)
    assert after > before + 0.05
