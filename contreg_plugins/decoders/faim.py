"""FAIM's decoder: transposed convolutions, and skips that are added."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from contreg_core.components import Decoder
from contreg_core.types import Encoding, Field
from contreg_plugins.layers.dimension import convolution
from contreg_plugins.layers.glorot import glorot
from contreg_plugins.layers.head import FieldHead
from contreg_plugins.layers.padding import fitted, same_convolution, valid_transposed


class FAIMDecoder(Decoder):
    """A residual convolution at the coarsest level, then a rise to each finer one; PReLU per channel.

    Kuang & Schmah 2018, network "SDN_incept" of the released code. Where a rise arrives at another size than
    the level has, zeros are added or voxels cut off at the high end.

    Knobs:
        mean_std: standard deviation of the head's first weights.
    """

    name = "faim"
    paper = "Kuang & Schmah 2018"
    needs: ClassVar[frozenset[str]] = frozenset({"full-resolution"})

    def __init__(self, channels: tuple[int, ...], ndim: int, *, mean_std: float = 1e-2) -> None:
        super().__init__()
        self.coarsest = same_convolution(ndim, channels[-1], channels[-1], kernel=2)
        self.rises = nn.ModuleList(_Rise(ndim, coarse, fine) for coarse, fine in pairwise(reversed(channels)))
        glorot(self)
        self.mean = FieldHead(channels[0], ndim, std=mean_std)

    def forward(self, encoding: Encoding) -> Field:
        """Features, finest first -> a displacement at full resolution."""
        *finer, features = encoding.features
        features = self.coarsest(features) + features
        for rise, skip in zip(self.rises, reversed(finer), strict=True):
            features = rise(features, skip)
        return Field(self.mean(features))


class _Rise(nn.Module):
    """One level up: ``(B, coarse, *space)`` and the level's own features -> their sum, ``(B, fine, *finer)``."""

    def __init__(self, ndim: int, coarse: int, fine: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            valid_transposed(ndim, coarse, fine),
            convolution(ndim, fine, fine),
            nn.PReLU(fine, init=0.0),
        )

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return fitted(self.layers(features), skip.shape[2:]) + skip
