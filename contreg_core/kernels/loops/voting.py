"""Votes of several label maps, voxel by voxel."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled

Array: TypeAlias = NDArray[Any]


@compiled
def elect(start: int, stop: int, votes: Array, shares: Array, out: Array) -> None:
    """``out (N,)``: of ``votes (K, N)`` the id with the largest sum of ``shares (K, N)``, of equal ones the lowest.

    ``shares (K, 0)``: one each. Sums are double, in the order of the votes.
    """
    ids, totals = np.empty(votes.shape[0], votes.dtype), np.empty(votes.shape[0], np.float64)
    equal = shares.shape[1] == 0
    for n in range(start, stop):
        count = 0
        for k in range(votes.shape[0]):
            share = 1.0 if equal else np.float64(shares[k, n])
            found = 0
            while found < count and ids[found] != votes[k, n]:
                found += 1
            if found == count:
                ids[found], totals[found] = votes[k, n], 0.0
                count += 1
            totals[found] += share
        best = 0
        for one in range(1, count):
            if totals[one] > totals[best] or (totals[one] == totals[best] and ids[one] < ids[best]):
                best = one
        out[n] = ids[best]
