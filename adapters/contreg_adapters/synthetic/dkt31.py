"""Mindboggle's DKT31 labels on brains that bear LPBA40's: parcels renamed, or cut along one axis."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_X, _Y, _Z = 0, 1, 2

PARCELS: Mapping[int, tuple[int, tuple[int, ...]]] = {
    22: (_Y, (1028,)),
    24: (_Y, (1003, 1027)),
    26: (_Y, (1018, 1020, 1019)),
    28: (_X, (1017, 1024)),
    30: (_Y, (1012,)),
    32: (_Y, (1012,)),
    34: (_Y, (1014,)),
    42: (_Y, (1022,)),
    44: (_Y, (1029,)),
    46: (_Y, (1031,)),
    48: (_Y, (1008,)),
    50: (_Y, (1025,)),
    62: (_Y, (1011,)),
    64: (_Y, (1011,)),
    66: (_Y, (1011,)),
    68: (_Z, (1021, 1005)),
    82: (_X, (1034, 1030, 1030)),
    84: (_Y, (1015,)),
    86: (_Y, (1009,)),
    88: (_Y, (1016, 1006)),
    90: (_Y, (1013,)),
    92: (_Y, (1007,)),
    102: (_Y, (1035,)),
    122: (_Y, (1010, 1023, 1002, 1026)),
}
"""LPBA40 parcel (even id) -> the axis to cut it along, and the DKT31 labels of its equal parts (left ids).

Away from the midline, forward and up are the ends of the three axes.
"""
ASEG = {161: 11, 162: 50, 163: 12, 164: 51, 165: 17, 166: 53, 181: 47, 182: 16}
"""LPBA40 id -> FreeSurfer's, of what is no cortex."""


def dkt31(labels: NDArray[np.generic], *, aseg: bool = False) -> NDArray[np.int16]:
    """The DKT31 map of an LPBA40 map in RAS order; with ``aseg`` other structures bear FreeSurfer's ids, else 0."""
    named = np.zeros(labels.shape, np.int16)
    for even, (axis, ids) in PARCELS.items():
        for lpba40, offset in ((even - 1, 0), (even, 1000)):
            _cut(named, labels == lpba40, axis, [id_ + offset for id_ in ids])
    for lpba40, id_ in ASEG.items() if aseg else ():
        named[labels == lpba40] = id_
    return named


def _cut(named: NDArray[np.int16], parcel: NDArray[np.bool_], axis: int, ids: list[int]) -> None:
    """Give each part of ``parcel``, of about one size, its id."""
    where = np.nonzero(parcel)
    along = where[axis].astype(np.float64)
    if axis == _X:
        along = abs(along - (parcel.shape[0] - 1) / 2)
    edges = np.quantile(along, np.linspace(0, 1, len(ids) + 1)) if along.size else np.zeros(len(ids) + 1)
    edges[-1] = np.inf
    for id_, (low, high) in zip(ids, pairwise(edges), strict=True):
        part = (along >= low) & (along < high)
        named[tuple(axis[part] for axis in where)] = id_
