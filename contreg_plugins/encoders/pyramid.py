"""Weight-shared strided feature pyramid with projections for global and local contrast."""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contreg_core import spatial
from contreg_core.components import Encoder
from contreg_core.errors import DataError
from contreg_core.types import Embeddings, Encoding, Pair
from contreg_plugins.layers.activation import leaky
from contreg_plugins.layers.dimension import Norm, convolution, normalisation
from contreg_plugins.layers.layout import channels_last


class Pyramid(Encoder):
    """Features of both images at 1/2, 1/4, 1/8 ... by one shared network.

    Each level is a stride-2 convolution and a second convolution, both normalised. The deepest level, averaged over
    space, is projected to a unit vector per image (SimCLR; Liu et al. 2020, section 2.2); the level at 1/4 is projected
    to a dense map of unit vectors for the local contrast.

    Knobs:
        features: channels per image of each level, finest (1/2) first.
        norm: "instance", "group", "batch" or "none".
        embedding_dim: length of the global unit vector; 0 for no global projection.
        local_dim: length of the dense unit vectors at 1/4; 0 for none.
        slope: negative slope of the leaky ReLU.
        images: give the image itself, averaged, as the last channel of every level.
        full: channels per image of one more level in front, at the images' own resolution; 0 for none.
    """

    name = "pyramid"
    paper = "Liu et al. 2020, section 2.2"
    gives: ClassVar[frozenset[str]] = frozenset(
        {
            "paired",
            "separate",
            "embeddings",
            "dense-embeddings",
            "full-resolution",
            "half-resolution",
            "images",
        }
    )

    def __init__(
        self,
        image_channels: int,
        ndim: int,
        *,
        features: tuple[int, ...] = (32, 48, 64, 96),
        norm: Norm = "instance",
        embedding_dim: int = 64,
        local_dim: int = 32,
        slope: float = 0.2,
        images: bool = False,
        full: int = 0,
    ) -> None:
        super().__init__()
        self.images = images
        self.widths = (full, *features) if full else tuple(features)
        self.channels = tuple(2 * (channels + image_channels * images) for channels in self.widths)
        self.multiple = 2 ** len(features)
        inputs = (image_channels, *features[:-1])
        self.levels = nn.ModuleList(
            _level(ndim, channels_in, channels, norm, slope)
            for channels_in, channels in zip(inputs, features, strict=True)
        )
        self.full = _thin(ndim, image_channels, full, norm, slope) if full else None
        self.embedding = _mlp(features[-1], embedding_dim) if embedding_dim else None
        self.local = _local_mlp(ndim, features[1], local_dim) if local_dim and len(features) > 1 else None

    def given(self) -> frozenset[str]:
        """Only the projections that are switched on, and the images where they are."""
        switches = {
            "embeddings": self.embedding is not None,
            "dense-embeddings": self.local is not None,
            "images": self.images,
        }
        switched = {name for name, on in switches.items() if on}
        resolution = "half-resolution" if self.full is None else "full-resolution"
        return frozenset({"paired", "separate", resolution} | switched)

    def forward(self, pair: Pair) -> Encoding:
        """Both images go through as one batch; features come back as (moving | fixed) channel halves."""
        levels = self.alone(torch.cat((pair.moving, pair.fixed)))
        joined = tuple(torch.cat(level.chunk(2), dim=1) for level in levels)
        return Encoding(joined, self._embed(levels))

    def alone(self, image: Tensor) -> tuple[Tensor, ...]:
        """Images -> their levels, finest first; with norms other than "batch" each for itself."""
        self._check(tuple(image.shape[2:]))
        features, levels = image, [] if self.full is None else [channels_last(self.full(image))]
        for level in self.levels:
            features = channels_last(level(features))
            levels.append(features)
        if not self.images:
            return tuple(levels)
        edges = (2**number for number in range(self.full is None, len(self.levels) + 1))
        return tuple(_with_image(level, image, edge) for level, edge in zip(levels, edges, strict=True))

    def together(self, moving: tuple[Tensor, ...], fixed: tuple[Tensor, ...]) -> Encoding:
        """Features of both images -> levels of (moving | fixed)."""
        joined = tuple(torch.cat(level, dim=1) for level in zip(moving, fixed, strict=True))
        return Encoding(joined, self._embed([torch.cat(level) for level in zip(moving, fixed, strict=True)]))

    def _check(self, space: tuple[int, ...]) -> None:
        if max(space) <= self.multiple:
            raise DataError(
                f"images of {space} voxels leave one voxel at the coarsest of {len(self.levels)} levels",
                "use fewer levels: -s encoder.features=32,48",
            )

    def _embed(self, levels: Sequence[Tensor]) -> Embeddings | None:
        if self.embedding is None:
            return None
        pooled = self._learned(levels, -1).float().flatten(2).mean(-1)
        moving, fixed = F.normalize(self.embedding(pooled).float(), dim=1).chunk(2)
        if self.local is None:
            return Embeddings(moving, fixed)
        dense_moving, dense_fixed = F.normalize(
            self.local(self._learned(levels, 1 - len(self.levels))).float(), dim=1
        ).chunk(2)
        return Embeddings(moving, fixed, dense_moving, dense_fixed)

    def _learned(self, levels: Sequence[Tensor], number: int) -> Tensor:
        return levels[number][:, : self.widths[number]]


def _with_image(features: Tensor, image: Tensor, edge: int) -> Tensor:
    return torch.cat((features, spatial.average(image, edge).to(features.dtype)), dim=1)


def _thin(ndim: int, channels_in: int, channels: int, norm: Norm, slope: float) -> nn.Sequential:
    """One convolution: at the images' own resolution a second would cost more than a whole coarser level."""
    return nn.Sequential(
        convolution(ndim, channels_in, channels),
        normalisation(ndim, channels, norm),
        leaky(slope),
    )


def _level(ndim: int, channels_in: int, channels: int, norm: Norm, slope: float) -> nn.Sequential:
    return nn.Sequential(
        convolution(ndim, channels_in, channels, stride=2),
        normalisation(ndim, channels, norm),
        leaky(slope),
        convolution(ndim, channels, channels),
        normalisation(ndim, channels, norm),
        leaky(slope),
    )


def _mlp(channels: int, dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, dim))


def _local_mlp(ndim: int, channels: int, dim: int) -> nn.Sequential:
    return nn.Sequential(
        convolution(ndim, channels, channels, kernel=1), nn.ReLU(), convolution(ndim, channels, dim, kernel=1)
    )
