"""Dense contrast: a point of the fixed image against the moving image's point it is registered to."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import ranks, spatial
from contreg_core.components import Loss
from contreg_core.constants import along_axes
from contreg_core.types import Registration
from contreg_plugins.losses.contrast import checked


class LocalContrast(Loss):
    """InfoNCE between fixed features at ``p`` and moving features at ``phi(p)``, over points of one pair.

    ``points`` anchors are drawn inside the brain; the positive of ``p`` is the moving map sampled at ``p + u(p)`` (the
    displacement is held fixed), negatives are the other points farther than ``radius``. Both directions are averaged.
    Works at batch 1; the deformation-aligned positives come from the registration itself.

    Knobs:
        temperature: t.
        points: anchors a pair.
        radius: points nearer than this many voxels of the feature grid are no negatives.
        aligned: positives where the displacement points; else at the same voxel of both images.
    """

    name = "local-contrast"
    needs: ClassVar[frozenset[str]] = frozenset({"dense-embeddings"})

    def __init__(
        self, *, temperature: float = 0.1, points: int = 1024, radius: float = 4.0, aligned: bool = True
    ) -> None:
        super().__init__()
        self.temperature = checked(temperature)
        self.points = points
        self.radius = radius
        self.aligned = aligned

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> mean over pairs, anchors and both directions."""
        embeddings = registration.encoding.embeddings
        assert embeddings is not None
        assert embeddings.fixed_map is not None
        assert embeddings.moving_map is not None
        space = embeddings.fixed_map.shape[2:]
        stride = _stride(registration.pair.space, space)
        displacement, brain = _coarse_displacement(registration, stride), _brain(registration, stride)
        values = [
            self._pair(
                embeddings.moving_map[k : k + 1],
                embeddings.fixed_map[k : k + 1],
                displacement[k : k + 1],
                self._draw(k, brain[k]),
            )
            for k in range(len(brain))
        ]
        return torch.stack(values).mean()

    def _pair(self, moving: Tensor, fixed: Tensor, displacement: Tensor, anchors: Tensor) -> Tensor:
        if len(anchors) < 2:
            return fixed.sum() * 0
        points = anchors.T[None, :, :].to(fixed.dtype)
        index = tuple(anchors.T)
        landed = points + displacement[0][(slice(None), *index)][None] if self.aligned else points
        positives = spatial.sample(moving, _as_line(landed))[0].flatten(1).T
        queries = fixed[0][(slice(None), *index)].T
        logits = queries @ F.normalize(positives, dim=1).T / self.temperature
        near = torch.cdist(points[0].T, points[0].T) <= self.radius
        near.fill_diagonal_(False)
        logits = logits.masked_fill(near, -torch.inf)
        target = torch.arange(len(logits), device=logits.device)
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2

    def _draw(self, item: int, brain: Tensor) -> Tensor:
        """``(M, ndim)`` voxel indices inside the brain, without repetition."""
        inside = brain.nonzero()
        return inside[ranks.permutation(item, len(inside), inside.device)[: self.points]]


def _as_line(points: Tensor) -> Tensor:
    """``(1, ndim, M)`` -> ``(1, ndim, M, 1[, 1])``: an output grid that is a line of points."""
    return points.reshape(*points.shape, *([1] * (points.shape[1] - 1)))


@torch.no_grad()
def _coarse_displacement(registration: Registration, stride: Sequence[int]) -> Tensor:
    """The displacement at the feature grid's voxels, in voxels of that grid."""
    displacement, compared = registration.displacement.detach(), registration.pair.compared
    if compared is not None:
        known = compared.known.reshape(-1, *[1] * (displacement.ndim - 1))
        displacement = torch.where(known, compared.displacement, displacement)
    displacement = _every(displacement, stride)
    return displacement / along_axes(stride, displacement)


@torch.no_grad()
def _brain(registration: Registration, stride: Sequence[int]) -> Tensor:
    """Where the fixed image is brain, at the feature grid's voxels: its mask, or else what is brighter than 0."""
    pair = registration.pair
    return _every(pair.mask if pair.mask is not None else pair.fixed > 0, stride)[:, 0]


def _stride(space: Sequence[int], coarse: Sequence[int]) -> list[int]:
    """Image voxels per feature voxel. Features cover the padded image, so the quotient is at most a power of two."""
    return [2 ** math.ceil(math.log2(size / small)) for size, small in zip(space, coarse, strict=True)]


def _every(values: Tensor, stride: Sequence[int]) -> Tensor:
    """Feature voxel ``i`` of a strided pyramid is centred on image voxel ``stride * i``."""
    whole = slice(None)
    return values[(whole, whole, *(slice(None, None, step) for step in stride))]
