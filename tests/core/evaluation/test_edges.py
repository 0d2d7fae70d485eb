"""Edges agree where the structure does, whatever the intensities, the bias and the outline."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core.evaluation.edges import edge_agreement

SHAPE, EDGES = (16, 14, 12), (4.0, 4.0, 4.0)
INSIDE = np.linalg.norm((np.indices(SHAPE).T - np.array(SHAPE) / 2) / (np.array(SHAPE) / 2.2), axis=-1).T < 1


def structure(seed: int) -> NDArray[np.float64]:
    return np.asarray(ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 1), np.float64)


IMAGE = structure(0)


@pytest.mark.parametrize(("gain", "offset", "expected"), [(1, 0, 1), (2.5, -3, 1), (-0.5, 1, -1)])
def test_gain_and_offset(gain: float, offset: float, expected: float) -> None:
    assert edge_agreement(gain * IMAGE + offset, IMAGE, INSIDE, EDGES) == pytest.approx(expected)


def test_of_independent_images_it_is_small() -> None:
    found = [edge_agreement(structure(seed), IMAGE, INSIDE, EDGES) for seed in range(1, 9)]
    assert max(np.abs(found)) < 0.25


def test_a_bias_field_that_ruins_the_correlation_leaves_it() -> None:
    bias = 3 * np.indices(SHAPE)[0] / SHAPE[0]
    assert np.corrcoef((IMAGE + bias)[INSIDE], IMAGE[INSIDE])[0, 1] < 0.3
    assert edge_agreement(IMAGE + bias, IMAGE, INSIDE, EDGES) > 0.3


def test_the_outline_counts_for_nothing() -> None:
    first, second = (np.where(INSIDE, 20 + structure(seed), 0) for seed in (1, 2))
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.9
    assert edge_agreement(first, second, INSIDE, EDGES) == pytest.approx(
        edge_agreement(structure(1), structure(2), INSIDE, EDGES)
    )


def test_directions_are_in_millimetres() -> None:
    """Long cells have faint slopes: what differs only along them matters less."""
    other = IMAGE + 0.3 * np.sin(np.indices(SHAPE)[0])
    assert edge_agreement(other, IMAGE, INSIDE, (16, 4, 4)) > edge_agreement(other, IMAGE, INSIDE, EDGES)


def test_a_constant_image_gives_zero_and_hardly_any_inside_nan() -> None:
    assert edge_agreement(np.ones(SHAPE), IMAGE, INSIDE, EDGES) == 0
    assert math.isnan(edge_agreement(IMAGE, IMAGE, np.zeros(SHAPE, np.bool_), EDGES))
