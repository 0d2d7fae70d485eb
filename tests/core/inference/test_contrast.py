"""One contrast or two: told by the joint intensities, and undone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contreg_adapters.synthetic import Synthetic
from contreg_core.inference.contrast import Contrast, compared, conditional_mean
from contreg_core.inference.images import GriddedBrain, find_brain, put_on_grid, working_grid
from contreg_core.preprocessing.spec import Preprocessing

SPEC = Preprocessing(spacing=0.0, intensity="robust")


@pytest.fixture(scope="module")
def pair() -> tuple[GriddedBrain, GriddedBrain]:
    cohort = Synthetic(subjects=2, size=(40, 48, 40))
    brains = [find_brain(cohort.load(scan).image) for scan in cohort.scans()]
    grid = working_grid(brains[1].volume, 0.0)
    return tuple(put_on_grid(brain, grid, SPEC) for brain in brains)


def turned(brain: GriddedBrain, curve: np.ndarray) -> GriddedBrain:
    """The same brain with its intensities read off a curve over [0, 1]."""
    image = np.interp(brain.image, np.linspace(0, 1, len(curve)), curve).astype(np.float32)
    return GriddedBrain(np.where(brain.mask, image, 0), brain.mask, brain.grid)


def test_images_of_one_contrast_stay_as_they_are(pair: tuple[GriddedBrain, GriddedBrain]) -> None:
    moving, fixed = pair
    seen, found = compared(moving, fixed)
    assert seen is moving
    assert found.same
    assert found.related
    assert not found.mapped
    assert (found.note, found.warning) == ("", "")


@given(gamma=st.floats(0.6, 1.6), slope=st.floats(0.3, 1.0))
@settings(max_examples=20, deadline=None)
def test_a_rising_curve_is_the_same_contrast(
    pair: tuple[GriddedBrain, GriddedBrain], gamma: float, slope: float
) -> None:
    moving, fixed = pair
    _, found = compared(turned(moving, slope * np.linspace(0, 1, 50) ** gamma), fixed)
    assert found.same


@pytest.mark.parametrize(
    "curve",
    [np.array([1.0, 0.0]), np.array([1.0, 0.9, 0.6, 0.3]), np.array([0.0, 0.7, 1.0, 0.7, 0.3])],
    ids=["inverted", "T2-like", "FLAIR-like"],
)
def test_another_contrast_is_found_and_undone(
    pair: tuple[GriddedBrain, GriddedBrain], curve: np.ndarray
) -> None:
    moving, fixed = pair
    seen, found = compared(turned(moving, curve), fixed)
    assert found.mapped
    assert not found.same
    assert found.explained > found.correlation + 0.05
    both = moving.mask & fixed.mask
    inside = np.corrcoef(seen.image[both], fixed.image[both])[0, 1]
    assert inside == pytest.approx(found.explained, abs=0.05)
    assert "contrasts differ" in found.note
    assert not seen.image[~moving.mask].any()


def test_the_switch_decides_where_a_person_says_so(pair: tuple[GriddedBrain, GriddedBrain]) -> None:
    moving, fixed = pair
    inverted = turned(moving, np.array([1.0, 0.0]))
    assert compared(inverted, fixed, "same")[0] is inverted
    assert compared(moving, fixed, "mapped")[1].mapped


def test_noise_inside_a_mask_is_unrelated(pair: tuple[GriddedBrain, GriddedBrain]) -> None:
    moving, fixed = pair
    noise = np.random.default_rng(0).random(moving.image.shape).astype(np.float32)
    _, found = compared(GriddedBrain(noise * moving.mask, moving.mask, moving.grid), fixed)
    assert not found.related
    assert "nothing to do with each other" in found.warning


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_conditional_mean_is_a_weighted_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    moving, fixed = rng.random((2, 3000)).astype(np.float32)
    levels, means = conditional_mean(moving, fixed)
    assert (np.diff(levels) > 0).all()
    assert fixed.min() <= means.min() <= means.max() <= fixed.max()
    plain = np.array([fixed[abs(moving - level) < 0.02].mean() for level in levels])
    assert abs(plain - means).max() < 0.25


def test_one_value_tells_nothing() -> None:
    assert not Contrast(0.0, 0.0, 0.0).related
    assert conditional_mean(np.zeros(5, np.float32), np.zeros(5, np.float32))[0].tolist() == [0.0]
