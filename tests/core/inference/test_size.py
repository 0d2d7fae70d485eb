"""Lengths in mm are relative to the brain: one pair, whatever its header calls a millimetre, has one answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.inference.alignment import align
from contreg_core.inference.images import find_brain
from contreg_core.inference.quality import Quality
from contreg_core.inference.register import register_images
from contreg_core.inference.size import litres_text, relative_spacing, scale_of
from contreg_core.volume import Volume

VOXELS = 22_000
"""Of 4 mm: 1.41 L."""


def held(edge: float) -> Volume:
    return Volume(np.zeros((1, 1, 1), np.float32), np.diag([edge, edge, edge, 1.0]))


def shrunk(volume: Volume, by: float) -> Volume:
    return replace(volume, affine=np.diag([by, by, by, 1.0]) @ volume.affine)


@given(st.floats(0.1, 0.25), st.sampled_from([1.0, 1.25, 1.6, 2.0, 2.5, 4.0]), st.floats(1.1, 1.8))
def test_a_small_brain_is_an_adults_in_other_millimetres(shrink, edge, litres):
    voxels = round(litres * 1e6 / edge**3)
    assert scale_of(held(edge), voxels) == 1
    if (litres / 1.4) ** (1 / 3) * shrink < 1 / 4:
        assert scale_of(held(edge * shrink), voxels) == pytest.approx(shrink, rel=1e-9)


@given(st.floats(0.36, 2.9))
def test_an_ordinary_brain_keeps_an_adults_millimetres(length):
    assert scale_of(held(4 * length), VOXELS) == 1
    assert relative_spacing(2.0, held(4 * length), VOXELS) == 2


def test_a_recipe_for_small_brains_stays_as_it_is():
    small = held(0.36)
    assert relative_spacing(2.0, small, VOXELS) == pytest.approx(0.18)
    assert relative_spacing(0.2, small, VOXELS) == 0.2
    assert relative_spacing(0.0, small, VOXELS) == 0


def test_a_small_volume_is_told_in_ml():
    assert litres_text(0.00095588) == "0.956 ml"
    assert litres_text(1.31) == "1.31 L"


@pytest.mark.parametrize("by", [0.09, 0.2])
def test_one_pair_of_any_size_has_one_answer(tools, by):
    shape = (40, 44, 38)
    fixed = tools.brain_at(tools.affine_of(np.eye(3), (2.0, 2.0, 2.0), shape), shape)
    fixed = shrunk(fixed, 2.5)  # 1.2 L
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = tools.turn((6, -4, 9)), (9.0, -5.0, 7.0)
    moving = replace(fixed, affine=moved @ fixed.affine)
    model = tools.KnownModel(tools.smooth_velocity)
    large = register_images(model, moving, fixed, alignment="affine")
    small = register_images(model, shrunk(moving, by), shrunk(fixed, by), alignment="affine")
    assert small.quality.scale == pytest.approx(by)
    assert small.displacement.vectors / by == pytest.approx(large.displacement.vectors, abs=1e-2)
    assert small.quality.displacement_mm["p99"] / by == pytest.approx(
        large.quality.displacement_mm["p99"], abs=0.01
    )
    assert small.warped.array == pytest.approx(large.warped.array, abs=1e-2)


def test_the_alignment_of_a_small_brain_finds_a_known_map(tools):
    shape = (40, 44, 38)
    fixed = shrunk(tools.brain_at(tools.affine_of(np.eye(3), (2.0, 2.0, 2.0), shape), shape), 0.1)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = tools.turn((14, -9, 20)), (1.2, -0.8, 2.5)
    found = align(find_brain(replace(fixed, affine=matrix @ fixed.affine)), find_brain(fixed), "rigid")
    assert np.abs(found - matrix).max() < 0.05


def test_limits_in_mm_are_an_adults():
    sound = Quality(
        0.5, 0.9, 0.85, 0.95, 0.0, 0.0, 0.05, {"p99": 4.0}, {"p99": 0.2}, out_of_range_percent=0.0
    )
    assert sound.warnings() == ()
    far, apart = replace(sound, scale=0.1).warnings()
    assert "4 mm" in far
    assert "0.20 mm" in apart
