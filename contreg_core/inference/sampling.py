"""Posterior samples of a registration: what a model with a variance holds possible, and how far that lies apart."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core import spatial
from contreg_core.components import Warper
from contreg_core.errors import MismatchError
from contreg_core.transform.world import Affine
from contreg_core.types import Registration
from contreg_core.volume import Volume

if TYPE_CHECKING:
    from contreg_core.inference.registrar import Registrar

Draws = NDArray[np.float32]
"""``(N, 3, *space)``: sampled displacements in voxels of the working grid."""


@dataclass(frozen=True)
class Posterior:
    """``count`` samples of a registration, on the fixed image's grid.

    ``uncertainty`` is the root mean square distance in mm of the points a voxel is led to from their mean; ``entropy``
    that of its sampled labels in bits, where labels are carried. ``uncertainty_mm`` maps "p50" ... to the former inside
    the fixed brain.
    """

    count: int
    uncertainty: Volume
    entropy: Volume | None
    uncertainty_mm: Mapping[str, float]


def sampler_of(model: "Registrar") -> Warper:
    """What turns draws of the model's field into displacements; raises ``MismatchError`` where it has no variance."""
    if model.sampler is None:
        said = f" ({', '.join(model.prediction.words)})" if model.prediction.words else ""
        raise MismatchError(
            f"recipe '{model.recipe.name}'{said} gives no variance, so there is nothing to sample",
            "leave out --samples, or train a model with one: contrastive-vae, voxelmorph-diff",
        )
    return model.sampler


@torch.no_grad()
def draw(registration: Registration, warper: Warper, count: int) -> Iterator[NDArray[np.float32]]:
    """``count`` displacements ``(3, *space)`` of the field's distribution, one by one, by torch's random numbers."""
    field, space = registration.field, registration.pair.space
    for _ in range(count):
        yield spatial.crop_to(warper(field.draw(), field), space)[0].float().cpu().numpy()


@torch.no_grad()
def averaged(registration: Registration, warper: Warper, draws: Draws) -> Registration:
    """The registration by the mean of the sampled displacements; its inverse is yet to be found."""
    mean = torch.from_numpy(draws.mean(axis=0))[None].to(registration.displacement.device)
    warped = warper.warp(registration.pair.moving, mean)
    return replace(registration, displacement=mean, warped=warped, inverse=None, warped_back=None)


def spread(draws: Iterable[NDArray[np.float32]], into: Affine) -> NDArray[np.float32]:
    """Root mean square distance in mm ``(*space)`` of ``N`` sampled points from their mean, ``N - 1`` in the mean.

    ``into`` leads from voxels of the grid the points lie on to mm. The draws ``(3, *space)`` are read once.
    """
    linear = into[:3, :3].astype(np.float32)
    count = 0
    mean: NDArray[Any] = np.zeros(1, np.float32)
    total: NDArray[Any] = np.zeros(1, np.float32)
    for count, one in enumerate(draws, start=1):
        before = one - mean
        mean = mean + before / count
        total = total + (np.tensordot(linear, before, 1) * np.tensordot(linear, one - mean, 1)).sum(axis=0)
    return np.asarray(np.sqrt(total / (count - 1)))


def entropy(labels: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Shannon entropy in bits ``(*space)`` of the labels ``(N, *space)`` at each voxel; 0 where all agree."""
    contested = (labels != labels[0]).any(axis=0)
    bits = np.zeros(labels.shape[1:], np.float32)
    votes = labels[:, contested]
    shares = [(votes == one).mean(axis=0, dtype=np.float32) for one in votes]
    # Every vote for a label adds that label's -log2(share) / N: together its -share log2(share).
    bits[contested] = -np.mean(np.log2(shares), axis=0)
    return bits
