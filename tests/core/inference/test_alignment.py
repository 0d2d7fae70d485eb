"""Alignment recovers a known rigid or affine map between two stored copies of one brain."""

from dataclasses import replace

import numpy as np
import pytest

from contreg_core.errors import DataError
from contreg_core.inference.alignment import align
from contreg_core.inference.images import find_brain
from contreg_core.inference.register import register_images
from contreg_core.transform import map_points

SHAPE = (40, 44, 38)


def moved_world(degrees, shift, scale=1.0, tools=None):
    matrix = np.eye(4)
    matrix[:3, :3] = tools.turn(degrees) * scale
    matrix[:3, 3] = shift
    return matrix


def off_by(found, matrix, brain):
    """Largest distance over the brain, mm."""
    index = np.argwhere(brain.mask)[::50]
    points = index @ brain.volume.affine[:3, :3].T + brain.volume.affine[:3, 3]
    apart = points @ (found - matrix)[:3, :3].T + (found - matrix)[:3, 3]
    return np.linalg.norm(apart, axis=1).max()


@pytest.mark.parametrize(
    ("kind", "scale", "codes"), [("rigid", 1.0, "RAS"), ("rigid", 1.0, "PIR"), ("affine", 1.12, "LPS")]
)
def test_a_known_map_is_found(tools, kind, scale, codes):
    fixed = tools.brain_at(tools.affine_of(tools.PERMUTED[codes], (1.9, 2.0, 2.1), SHAPE), SHAPE)
    matrix = moved_world((14, -9, 20), (12.0, -8.0, 25.0), scale, tools)
    moving = replace(fixed, affine=matrix @ fixed.affine)
    found = align(find_brain(moving), find_brain(fixed), kind)
    assert off_by(found, matrix, find_brain(fixed)) < 0.5


def test_none_is_the_identity(tools):
    brain = find_brain(tools.brain_at(tools.affine_of(np.eye(3), (2, 2, 2), SHAPE), SHAPE))
    assert np.array_equal(align(brain, brain, "none"), np.eye(4))


def test_the_written_map_holds_alignment_and_deformation(tools):
    fixed = tools.brain_at(tools.affine_of(tools.PERMUTED["LPS"], (1.9, 2.0, 2.1), SHAPE), SHAPE)
    matrix = moved_world((14, -9, 20), (12.0, -8.0, 25.0), 1.0, tools)
    moving = replace(fixed, affine=matrix @ fixed.affine)
    still = tools.KnownModel(lambda space: np.zeros((3, *space)))
    with pytest.raises(DataError, match="overlap|no brain"):
        register_images(
            still, replace(moving, affine=moved_world((0, 0, 0), (0, 0, 90), 1, tools) @ moving.affine), fixed
        )
    result = register_images(still, moving, fixed, alignment="rigid")
    inside = np.abs(fixed.array) > 0.3
    assert np.abs(result.warped.array - fixed.array)[inside].mean() < 0.1
    centre = (fixed.affine @ [*(np.array(SHAPE) - 1) / 2, 1])[:3]
    there = map_points(result.displacement, centre[None])
    assert there == pytest.approx((result.affine @ [*centre, 1])[None, :3], abs=1e-3)
    assert map_points(result.inverse, there) == pytest.approx(centre[None], abs=1e-2)


def test_the_working_grid_holds_the_same_map(tools):
    fixed = tools.brain_at(tools.affine_of(tools.turn(), (1.0, 1.2, 1.1), SHAPE), SHAPE)
    model = tools.KnownModel(tools.smooth_velocity)
    own, working = (
        register_images(model, fixed, fixed, field_grid=grid).displacement for grid in ("fixed", "working")
    )
    index = np.random.default_rng(0).uniform(8, 28, (30, 3))
    points = index @ fixed.affine[:3, :3].T + fixed.affine[:3, 3]
    assert map_points(own, points) == pytest.approx(map_points(working, points), abs=0.05)
