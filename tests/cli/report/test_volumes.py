import base64
import zlib

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg.reporting.volumes import pack, pack_labels, pack_log_jacobian, pack_range

SHAPES = arrays.array_shapes(min_dims=3, max_dims=3, max_side=6)


def unpack(packed, shape):
    """What ``codes.js`` does."""
    codes = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), np.uint8)
    if packed["smooth"]:
        codes = np.cumsum(codes, dtype=np.uint8)
    return codes.reshape(shape)


@given(arrays.arrays(np.uint8, SHAPES), st.booleans())
def test_packing_loses_nothing(values, smooth) -> None:
    assert np.array_equal(unpack(pack(values, smooth=smooth), values.shape), values)


@given(arrays.arrays(np.float32, SHAPES, elements=st.floats(-5, 5, width=32)))
def test_a_range_is_kept_to_half_a_code(values) -> None:
    packed = pack_range(values, -5.0, 5.0)
    back = packed["low"] + unpack(packed, values.shape) * ((packed["high"] - packed["low"]) / 255)
    assert np.abs(back - values).max() <= 5.0 / 255 + 1e-5


def test_a_constant_volume_has_no_range() -> None:
    assert not unpack(pack_range(np.ones((2, 2, 2)), 1.0, 1.0), (2, 2, 2)).any()


def test_folds_have_a_code_of_their_own() -> None:
    determinant = np.array([[[-1.0, 0.0, 1e-6, 1.0, 99.0]]], np.float32)
    assert unpack(pack_log_jacobian(determinant), (5,)).tolist() == [0, 0, 1, 128, 255]


def test_labels_become_positions_and_strangers_background() -> None:
    labels = np.array([[[0, 21, 22, 500, 181]]], np.uint16)
    assert unpack(pack_labels(labels, [21, 181]), (5,)).tolist() == [0, 1, 0, 0, 2]


@pytest.mark.parametrize("ids", [[], [3]])
def test_labels_may_be_absent(ids) -> None:
    assert not unpack(pack_labels(np.zeros((1, 1, 2), np.uint8), ids), (2,)).any()
