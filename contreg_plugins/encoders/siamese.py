"""The weight-shared encoder of Liu et al. 2020."""

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from contreg_core.components import Encoder
from contreg_core.types import Embeddings, Encoding, Pair
from contreg_plugins.layers.block import block
from contreg_plugins.layers.dimension import Norm
from contreg_plugins.layers.initialisation import Init, Initialisation
from contreg_plugins.layers.projection import DenseProjection, Projection, ProjectionKind


class Siamese(Encoder):
    """Two convolutions a level and max-pooling between levels; one set of weights for moving and fixed.

    Liu et al. 2020, section 2.2, laid out as the released code (variants.md). The defaults give 16
    channels an image at full resolution, 32 at 1/2, 64 at 1/4, and those 64 pooled to 1/8. Swapping moving
    with fixed swaps the halves of every level and, unless ``projection="two-linear"``, the embeddings.

    Knobs:
        widths: channels an image at each level, finest first.
        pool_deepest: add a last level that is the deepest one pooled, without convolutions.
        norm: "batch", "group", "instance" or "none".
        activation: "relu" or "leaky-relu" (slope 0.2).
        projection: of the deepest level's mean: "linear" (one shared layer), "two-linear" (one for each
            image), "mlp" (two shared layers) or "none".
        embedding_dim: length of the projected vector.
        normalise_embedding: scale the vector to length 1.
        local_dim: length of dense unit vectors at 1/4 for the local contrast; 0 for none.
        init: "he", or "normal" for N(0, 1) in every convolution and linear layer.
        gamma_mean: mean of the norms' first scales.
        gamma_std: their standard deviation.
        beta_std: standard deviation of the norms' first shifts.
    """

    name = "siamese"
    paper = "Liu et al. 2020, section 2.2"
    gives: ClassVar[frozenset[str]] = frozenset(
        {"paired", "separate", "embeddings", "dense-embeddings", "full-resolution"}
    )

    def __init__(
        self,
        image_channels: int,
        ndim: int,
        *,
        widths: tuple[int, ...] = (16, 32, 64),
        pool_deepest: bool = True,
        norm: Norm = "batch",
        activation: Literal["relu", "leaky-relu"] = "relu",
        projection: ProjectionKind = "linear",
        embedding_dim: int = 64,
        normalise_embedding: bool = True,
        local_dim: int = 0,
        init: Init = "he",
        gamma_mean: float = 1.0,
        gamma_std: float = 0.0,
        beta_std: float = 0.0,
    ) -> None:
        super().__init__()
        if not widths:
            raise ValueError("widths is empty; give one width a level")
        levels = widths + widths[-1:] * pool_deepest
        self.channels = tuple(2 * width for width in levels)
        self.multiple = 2 ** (len(levels) - 1)
        self.pool = nn.MaxPool3d(2) if ndim == 3 else nn.MaxPool2d(2)
        self.blocks = nn.ModuleList(
            block(ndim, (inputs, width, width), norm, activation)
            for inputs, width in zip((image_channels, *widths[:-1]), widths, strict=True)
        )
        self.projection = (
            None
            if projection == "none"
            else Projection(projection, widths[-1], embedding_dim, unit=normalise_embedding)
        )
        self.local_level = min(2, len(widths) - 1)
        self.local = DenseProjection(ndim, widths[self.local_level], local_dim) if local_dim else None
        Initialisation(init, gamma_mean, gamma_std, beta_std).apply(self)

    def given(self) -> frozenset[str]:
        """The projections only where they are switched on."""
        projections = {"embeddings": self.projection, "dense-embeddings": self.local}
        return self.gives - {name for name, module in projections.items() if module is None}

    def forward(self, pair: Pair) -> Encoding:
        """Both images -> levels of (moving | fixed) features."""
        # One after the other, as in the released code, so that batch statistics are each image's own.
        return self.together(self.alone(pair.moving), self.alone(pair.fixed))

    def together(self, moving: tuple[Tensor, ...], fixed: tuple[Tensor, ...]) -> Encoding:
        """Features of both images -> levels of (moving | fixed)."""
        joined = tuple(torch.cat(level, dim=1) for level in zip(moving, fixed, strict=True))
        return Encoding(joined, self._embed(moving, fixed))

    def alone(self, image: Tensor) -> tuple[Tensor, ...]:
        """One image -> its levels, finest first."""
        features = [self.blocks[0](image)]
        for level in self.blocks[1:]:
            features.append(level(self.pool(features[-1])))
        if len(features) < len(self.channels):
            features.append(self.pool(features[-1]))
        return tuple(features)

    def _embed(self, moving: tuple[Tensor, ...], fixed: tuple[Tensor, ...]) -> Embeddings | None:
        if self.projection is None:
            return None
        vectors: tuple[Tensor, Tensor] = self.projection(moving[-1], fixed[-1])
        if self.local is None:
            return Embeddings(*vectors)
        maps = self.local(moving[self.local_level]), self.local(fixed[self.local_level])
        return Embeddings(vectors[0], vectors[1], maps[0], maps[1])
