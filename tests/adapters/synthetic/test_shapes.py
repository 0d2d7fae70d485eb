"""Signed distances and smooth noise: exact cases."""

import numpy as np
import pytest

from contreg_adapters.synthetic import noise, shapes
from contreg_adapters.synthetic.parcels import SEEDS, divide

POINTS = np.random.default_rng(0).uniform(-90, 90, (3, 500))


def test_an_ellipsoid_of_equal_radii_is_a_sphere():
    expected = np.linalg.norm(POINTS - [[1], [2], [3]], axis=0) - 20
    np.testing.assert_allclose(shapes.ellipsoid(POINTS, (1, 2, 3), (20, 20, 20)), expected, rtol=1e-9)


def test_a_capsule_without_length_of_its_own_thickness_is_a_cylinder_with_round_ends():
    points = np.array([[5, 0, 4], [0, 0, 7], [0, 0, 25]], dtype=float).T
    distances = shapes.capsule(points, (0, 0, 0, 2), (0, 0, 10, 2))
    np.testing.assert_allclose(distances, [3, -2, 13])


def test_blend_is_the_union_away_from_the_seam_and_never_above_it():
    first, second = np.array([-5.0, 20.0, 1.0]), np.array([20.0, -5.0, 1.0])
    united = shapes.blend(first, second, 4.0)
    np.testing.assert_allclose(united, [-5, -5, 0])
    np.testing.assert_allclose(shapes.carve(np.array([-9.0]), np.array([-3.0]), 2.0), [3])


def test_share_of_a_voxel():
    np.testing.assert_allclose(shapes.share(np.array([-3, -1.5, 0, 0.75, 3]), 3.0), [1, 1, 0.5, 0.25, 0])


def test_parcels_agree_with_the_obvious_search():
    right = shapes.mirrored(POINTS)
    found = divide(right, SEEDS)
    distances = {
        id_: np.min([np.linalg.norm(right - np.array(seed)[:, None], axis=0) for seed in seeds], axis=0)
        for id_, seeds in SEEDS.items()
    }
    ids = np.array(list(distances))[np.argmin(list(distances.values()), axis=0)]
    np.testing.assert_array_equal(found.ids, ids)
    assert (found.border >= 0).all()


@pytest.mark.parametrize("width", [15.0, 30.0])
def test_bumps_have_unit_variance_and_one_value_at_one_place(width: float):
    axes = [np.arange(-80.0, 81.0, 4.0)] * 3
    values = noise.bumps(noise.generator(1, 2, "test"), axes, width)
    finer = noise.bumps(noise.generator(1, 2, "test"), [np.arange(-80.0, 81.0, 2.0)] * 3, width)
    np.testing.assert_allclose(finer[::2, ::2, ::2], values, rtol=1e-9, atol=1e-12)
    assert 0.5 < values.std() < 1.5


def test_rings_have_the_wavelength_asked_for():
    lattice = noise.rings(noise.generator(1, 2, "test"), 3.0, 24.0)
    assert lattice.std() == pytest.approx(1)
    # Waves of length 24 mm from all directions correlate as sin(kd) / kd: 0 at 12 mm, lowest near 18 mm.
    likeness = [np.mean(lattice * np.roll(lattice, shift, axis=0)) for shift in (4, 6)]
    assert abs(likeness[0]) < 0.08
    assert likeness[1] < -0.1


def test_purposes_have_streams_of_their_own():
    draws = {noise.generator(0, 1, purpose).random() for purpose in ("a", "b")}
    assert len(draws) == 2
