"""To another spacing: sizes round half to even, origins stay, labels keep their ids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.preprocessing.resample import image_to_spacing, labels_to_spacing
from contreg_core.volume import Volume, spacing

RNG = np.random.default_rng(0)


def volume(shape: tuple[int, ...], zooms: tuple[float, ...] = (1, 1, 1)) -> Volume:
    affine = np.diag([*zooms, 1.0])
    affine[:3, 3] = -10, 20, -30
    return Volume(RNG.random(shape).astype(np.float32), affine)


def test_the_published_size():  # F.9
    labels = Volume(np.zeros((181, 217, 181), np.uint8), np.eye(4))
    assert labels_to_spacing(labels, 2).array.shape == (90, 108, 90)


@given(
    zooms=st.tuples(*[st.sampled_from([0.86, 1.0, 1.5, 2.0])] * 3),
    target=st.sampled_from([1.0, 1.5, 2.0, 3.0]),
    interpolation=st.sampled_from(["linear", "bspline"]),
)
def test_image_and_labels_land_on_one_grid(zooms, target, interpolation):
    scan = volume((13, 12, 11), zooms)
    image = image_to_spacing(scan, target, interpolation)
    labels = labels_to_spacing(Volume((scan.array > 0.5).astype(np.uint8), scan.affine), target)
    assert image.array.shape == labels.array.shape
    assert np.array_equal(image.affine, labels.affine)
    assert image.affine[:3, 3] == pytest.approx(scan.affine[:3, 3])
    assert spacing(image.affine) == pytest.approx([target] * 3)
    assert image.array.dtype == np.float32
    assert set(np.unique(labels.array)) <= {0, 1}


def test_own_spacing_is_left_alone():
    scan = volume((5, 5, 5), (2.0005, 2, 2))
    assert image_to_spacing(scan, 2, "linear") is scan


def test_anti_aliasing_is_the_gaussian_of_cardoso():
    """An impulse keeps the Gaussian's weights: sigma = sqrt(3) / 2.355 voxels at twice the spacing."""
    array = np.zeros((33, 33, 33), np.float32)
    array[16, 16, 16] = 1
    result = image_to_spacing(Volume(array, np.eye(4)), 2, "linear").array
    sigma = np.sqrt(3) / 2.355
    kernel = np.exp(-(np.arange(-8, 9) ** 2) / (2 * sigma**2))
    peak, beside = kernel[8] / kernel.sum(), kernel[10] / kernel.sum()
    assert result[8, 8, 8] == pytest.approx(peak**3, rel=1e-3)
    assert result[9, 8, 8] == pytest.approx(beside * peak**2, rel=1e-3)


def test_upsampling_is_not_smoothed():
    scan = volume((6, 6, 6), (2, 2, 2))
    finer = image_to_spacing(scan, 1, "linear").array
    assert finer[::2, ::2, ::2] == pytest.approx(scan.array, abs=1e-6)
