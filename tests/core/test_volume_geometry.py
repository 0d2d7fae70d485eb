"""Geometry laws: an array and its affine move together, so no voxel changes its place in the world."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from contreg_core.errors import UsageError
from contreg_core.volume import (
    Volume,
    axis_codes,
    corners_apart,
    crop_or_pad,
    resample,
    spacing,
    to_ras,
    with_orientation,
)

SHAPE = (5, 6, 7)
CODES = ["RAS", "LPS", "ASL", "PIR", "SAR", "LAS"]


def numbered(affine: np.ndarray | None = None) -> Volume:
    """A volume in which every voxel has its own value."""
    array = np.arange(1, np.prod(SHAPE) + 1, dtype=np.float32).reshape(SHAPE)
    return Volume(array, np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine)


def places(volume: Volume) -> dict[float, np.ndarray]:
    """Value -> world position of its voxel."""
    where = np.argwhere(volume.array > 0)
    world = where @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    return dict(zip(volume.array[volume.array > 0].tolist(), world, strict=True))


def oblique(codes: str, degrees: float) -> np.ndarray:
    turn = np.eye(4)
    angle = np.radians(degrees)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turn @ with_orientation(numbered(), codes).affine


@given(codes=st.sampled_from(CODES), degrees=st.floats(-20, 20))
def test_to_ras_moves_no_voxel(codes, degrees):
    volume = numbered(oblique(codes, degrees))
    turned = to_ras(volume)
    assert axis_codes(turned.affine) == "RAS"
    before, after = places(volume), places(turned)
    assert max(np.linalg.norm(before[value] - after[value]) for value in before) < 1e-9


@given(codes=st.sampled_from(CODES))
def test_with_orientation_keeps_spacing_and_centre(codes):
    volume = numbered(oblique("RAS", 10))
    turned = with_orientation(volume, codes)
    centre = (np.array(SHAPE) - 1) / 2
    assert axis_codes(turned.affine) == codes
    assert spacing(turned.affine) == pytest.approx(spacing(volume.affine))
    world = [affine[:3, :3] @ centre + affine[:3, 3] for affine in (volume.affine, turned.affine)]
    assert world[0] == pytest.approx(world[1])


@pytest.mark.parametrize("codes", ["RAR", "RA", "XYZ", "RASL"])
def test_with_orientation_refuses_what_names_no_three_axes(codes):
    with pytest.raises(UsageError, match="three axes"):
        with_orientation(numbered(), codes)


@given(
    size=st.tuples(*[st.integers(1, 9)] * 3),
    offset=st.none() | st.tuples(*[st.integers(-8, 8)] * 3),
)
def test_crop_or_pad_moves_no_voxel(size, offset):
    volume = numbered(oblique("PIR", 5))
    window = crop_or_pad(volume, size, offset)
    before = places(volume)
    assert window.array.shape == size
    for value, place in places(window).items():
        assert place == pytest.approx(before[value])


def test_crop_and_pad_back_restores_the_inside():
    volume = numbered()
    again = crop_or_pad(crop_or_pad(volume, (3, 4, 5), (1, 1, 1)), SHAPE, (-1, -1, -1))
    assert np.array_equal(again.array[1:4, 1:5, 1:6], volume.array[1:4, 1:5, 1:6])
    assert again.affine == pytest.approx(volume.affine)


def test_the_published_crop_is_centred_unless_told():
    volume = Volume(np.zeros((90, 108, 90), np.float32), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert crop_or_pad(volume, (80, 106, 80), (0, 1, 5)).affine[:3, 3] == pytest.approx([0, 2, 10])
    assert crop_or_pad(volume, (80, 106, 80)).affine[:3, 3] == pytest.approx([10, 2, 10])


@given(size=st.tuples(*[st.integers(1, 6)] * 3), stride=st.tuples(*[st.floats(0.4, 3)] * 3))
def test_linear_resampling_agrees_with_a_slow_reference(size, stride):
    volume = numbered()
    result = resample(volume, size, stride, interpolation="linear")
    grid = np.meshgrid(*[np.arange(n) * s for n, s in zip(size, stride, strict=True)], indexing="ij")
    slow = ndimage.map_coordinates(volume.array, grid, order=1, mode="nearest")
    assert result.array == pytest.approx(slow, abs=1e-3)
    assert result.affine == pytest.approx(volume.affine @ np.diag([*stride, 1]))


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "bspline"])
def test_a_whole_stride_picks_voxels(interpolation):
    volume = numbered()
    result = resample(volume, (3, 3, 4), (2, 2, 2), interpolation=interpolation)
    assert result.array == pytest.approx(volume.array[::2, ::2, ::2], rel=1e-4)


def test_bspline_keeps_axes_apart_and_repeats_the_edge():
    ramp = np.broadcast_to(np.arange(9, dtype=np.float32)[:, None, None], (9, 10, 11))
    result = resample(Volume(ramp, np.eye(4)), (14, 10, 11), (0.5, 1, 1), interpolation="bspline")
    assert result.array[4:12, 5, 5] == pytest.approx(np.arange(4, 12) / 2, abs=0.05)
    wide = resample(Volume(ramp, np.eye(4)), (12, 10, 11), (1, 1, 1), interpolation="bspline")
    assert wide.array[-1, 5, 5] == pytest.approx(8, abs=0.01)


def test_corners_apart_sees_a_turn_that_the_centre_hides():
    affine = np.eye(4)
    stretched = np.diag([1.1, 1, 1, 1])
    assert corners_apart(affine, stretched, (11, 3, 3)) == pytest.approx(1.0)
    assert corners_apart(affine, affine, SHAPE) == 0
