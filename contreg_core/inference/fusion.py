"""Fusing the label maps that several references carried to one image, voxel by voxel (Artaechevarria et al. 2009)."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.kernels import box_sum, squared_lncc

Labels: TypeAlias = NDArray[np.integer[Any]]

WINDOW = 5
GAIN = 4.0
_EPS = 1e-6


def fuse(labels: Labels, weights: NDArray[np.float32] | None = None) -> Labels:
    """The label with most votes ``(*space)`` of ``labels`` ``(K, *space)``; ties go to the lowest id.

    ``weights`` of the same shape make the votes unequal; without them every reference has one. One reference alone is
    returned as it is.
    """
    from contreg_core.kernels.loops import machine, voting

    fused: Labels = np.empty(labels.shape[1:], labels.dtype)
    votes = np.ascontiguousarray(labels).reshape(len(labels), -1)
    shares = np.empty((len(labels), 0), np.float32)
    if weights is not None:
        shares = np.ascontiguousarray(weights).reshape(votes.shape)
    machine.share(voting.elect, fused.size, votes.size, votes, shares, fused.reshape(-1))
    return fused


def probabilities(
    labels: Labels, weights: NDArray[np.float32] | None = None
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(id, share of the votes ``(*space)``) of every label but background, one in memory at a time."""
    shares = np.full(len(labels), 1 / len(labels), np.float32) if weights is None else weights
    for label in np.unique(labels):
        if label:
            yield int(label), _share(labels == label, shares)


def _share(given: NDArray[np.bool_], shares: NDArray[np.float32]) -> NDArray[np.float32]:
    total = np.zeros(given.shape[1:], np.float32)
    for vote, share in zip(given, shares, strict=True):
        total += vote * share
    return total


def local_weights(
    warped: NDArray[np.float32], fixed: NDArray[np.float32], *, window: int = WINDOW, gain: float = GAIN
) -> NDArray[np.float32]:
    """Softmax over K of ``gain`` times the local similarity of ``warped`` ``(K, *space)`` with ``fixed``.

    The similarity is the squared LNCC in cubes of ``window`` voxels that count only what is inside the image.
    """
    image = torch.from_numpy(fixed)[None, None]
    count = box_sum(torch.ones_like(image), window)
    maps = [squared_lncc(torch.from_numpy(one)[None, None], image, count, window, _EPS) for one in warped]
    weights: NDArray[np.float32] = torch.softmax(gain * torch.cat(maps), dim=0)[:, 0].numpy()
    return weights
