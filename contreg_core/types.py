"""What flows through a registration: Pair -> Encoding -> Field -> Registration; supervised: Labelled -> Segmented.

Tensors are ``(B, C, *space)``, 2-D and 3-D alike; array axes are in RAS+ order. A displacement ``u`` is float32, in
voxels, on the fixed grid, channels first in axis order: ``warped(p) = moving(p + u(p))``.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from contreg_core import ranks, spatial

Image: TypeAlias = Tensor
"""``(B, 1, *space)`` float intensities."""
LabelMap: TypeAlias = Tensor
"""``(B, 1, *space)`` integer label ids."""
Displacement: TypeAlias = Tensor
"""``(B, ndim, *space)`` float32, voxels of its own grid."""

FieldKind: TypeAlias = Literal["displacement", "velocity"]
Sampling: TypeAlias = Literal["gaussian", "legacy"]


@dataclass(frozen=True)
class Pair:
    """A moving and a fixed image on one grid, batched.

    ``subjects`` is ``(B, 2)`` int64: a number for the moving and the fixed person of each pair, so that a contrastive
    loss can leave one person's own images out of the negatives. ``mask`` is ``(B, 1, *space)``, true inside the fixed
    brain. ``compared``: what the losses compare instead of what the network sees.
    """

    moving: Image
    fixed: Image
    subjects: Tensor | None = None
    mask: Tensor | None = None
    compared: "Compared | None" = None

    @property
    def ndim(self) -> int:
        """Number of spatial axes, read off the tensor."""
        return self.fixed.ndim - 2

    @property
    def space(self) -> tuple[int, ...]:
        """Grid size of the fixed image."""
        return tuple(self.fixed.shape[2:])

    def swapped(self) -> "Pair":
        """The same pair with the roles exchanged (the mask belongs to the fixed image, so it is dropped)."""
        subjects = None if self.subjects is None else self.subjects.flip(1)
        compared = None if self.compared is None else self.compared.swapped()
        return Pair(self.fixed, self.moving, subjects, None, compared)

    def averaged(self, edge: int) -> "Pair":
        """Means over cubes of ``edge`` voxels instead of voxels; the mask is where most of a cube was inside."""
        moving, fixed = (spatial.average(image, edge) for image in (self.moving, self.fixed))
        mask = None if self.mask is None else spatial.average(self.mask.float(), edge) > 0.5
        compared = None if self.compared is None else self.compared.averaged(edge)
        return Pair(moving, fixed, self.subjects, mask, compared)

    def cut(self, box: tuple[slice, ...]) -> "Pair":
        """The part inside ``box``."""
        place = (slice(None), slice(None), *box)
        mask = None if self.mask is None else self.mask[place]
        compared = None if self.compared is None else self.compared.cut(place)
        return Pair(self.moving[place], self.fixed[place], self.subjects, mask, compared)


@dataclass(frozen=True)
class Compared:
    """What the losses compare where it is not what the network sees: both anatomies in one contrast, their structures.

    ``moving`` and ``fixed`` are ``(B, 1, *space)``, the shares of structures ``(B, S, *space)`` in [0, 1].
    ``displacement`` is the true one, on the fixed grid, for the pairs of the batch that are ``known`` ``(B,)``.
    """

    moving: Image
    fixed: Image
    moving_shares: Tensor
    fixed_shares: Tensor
    displacement: Displacement
    known: Tensor

    def swapped(self) -> "Compared":
        """With the roles exchanged; the true displacement is of the one direction alone."""
        nothing, none = torch.zeros_like(self.displacement), torch.zeros_like(self.known)
        return Compared(self.fixed, self.moving, self.fixed_shares, self.moving_shares, nothing, none)

    def averaged(self, edge: int) -> "Compared":
        """On the grid of cubes of ``edge`` voxels."""
        images = (self.moving, self.fixed, self.moving_shares, self.fixed_shares, self.displacement / edge)
        return Compared(*(spatial.average(image, edge) for image in images), self.known)

    def cut(self, place: tuple[slice, ...]) -> "Compared":
        """The part at ``place`` of every tensor."""
        images = (self.moving, self.fixed, self.moving_shares, self.fixed_shares, self.displacement)
        return Compared(*(image[place] for image in images), self.known)


@dataclass(frozen=True)
class Embeddings:
    """Projected features of both images: unit vectors ``(B, D)``, and dense maps ``(B, D, *coarse)`` where given."""

    moving: Tensor
    fixed: Tensor
    moving_map: Tensor | None = None
    fixed_map: Tensor | None = None


@dataclass(frozen=True)
class Encoding:
    """Features of a pair, finest level first.

    ``features[k]`` is ``(B, channels[k], *space_k)``. An encoder that gives ``"paired"`` puts the moving image's
    features in the first half of the channels of every level and the fixed image's in the second.
    """

    features: tuple[Tensor, ...]
    embeddings: Embeddings | None = None

    def paired(self) -> list[tuple[Tensor, Tensor]]:
        """(moving, fixed) features of every level; only for encoders that give ``"paired"``."""
        return [(moving, fixed) for moving, fixed in (level.chunk(2, dim=1) for level in self.features)]


@dataclass(frozen=True)
class Field:
    """A displacement or a stationary velocity, possibly Gaussian, possibly on a coarser grid.

    ``mean`` is ``(B, ndim, *space/scale)`` in voxels of that coarser grid; ``log_variance`` likewise, or on a grid that
    is coarser by a whole number and in its voxels, or None.
    ``sampling="legacy"`` reproduces the released code of Liu et al. 2020, which adds ``log_variance`` times noise
    (and, at test, ``log_variance`` itself) where a standard deviation is meant (methods.md A.3).
    """

    mean: Tensor
    log_variance: Tensor | None = None
    kind: FieldKind = "displacement"
    scale: int = 1
    sampling: Sampling = "gaussian"

    def draw(self) -> Tensor:
        """One reparameterised sample ``mean + exp(log_variance / 2) * noise`` (Liu et al. 2020, eq. 7)."""
        if self.log_variance is None:
            return self.mean
        noise = ranks.normal_like(self.log_variance)
        legacy = self.sampling == "legacy"
        deviation = self.log_variance if legacy else torch.exp(self.log_variance / 2)
        return self.mean + self._laid(deviation * noise)

    def expected(self) -> Tensor:
        """The field used at test: the mean (``legacy`` adds the head's log-variance, as the released code does)."""
        if self.sampling == "legacy" and self.log_variance is not None:
            return self.mean + self._laid(self.log_variance)
        return self.mean

    @property
    def deviation_scale(self) -> int:
        """Voxels of the image to one of ``log_variance``'s grid."""
        assert self.log_variance is not None
        return self.scale * self.mean.shape[2] // self.log_variance.shape[2]

    def _laid(self, deviation: Tensor) -> Tensor:
        return spatial.resize(deviation, self.mean.shape[2:])


@dataclass(frozen=True)
class Registration:
    """What a model returns and every loss reads.

    ``warped(p) = moving(p + displacement(p))``. ``drawn`` is the field that was integrated (a sample in training, the
    mean otherwise). ``inverse`` and ``warped_back`` (the fixed image carried to the moving grid) are there only where a
    term of the objective needs them; so is ``swapped``, the model's own registration of the pair with roles exchanged.
    """

    pair: Pair
    encoding: Encoding
    field: Field
    drawn: Tensor
    displacement: Displacement
    warped: Image
    inverse: Displacement | None = None
    warped_back: Image | None = None
    swapped: "Registration | None" = None

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        return self.warped.device


@dataclass(frozen=True)
class Labelled:
    """Images and what is to be learned of them: ``classes`` is ``(B, 1, *space)`` int64, 0 the background."""

    image: Image
    classes: Tensor


@dataclass(frozen=True)
class Segmented:
    """What a segmenter answered and what is true, all that a supervised loss reads.

    ``logits`` is ``(B, classes, *space)`` float32, ``classes`` ``(B, 1, *space)`` int64; number 0 is the background.
    """

    logits: Tensor
    classes: Tensor

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        return self.logits.device


Outcome: TypeAlias = Registration | Segmented
"""What training makes of a batch, and what the terms of an objective read."""
