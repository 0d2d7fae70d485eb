"""VoxelMorph's decoder, in its four published sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from contreg_core.components import Decoder
from contreg_core.types import Encoding, Field, FieldKind
from contreg_plugins.layers.dimension import convolution
from contreg_plugins.layers.head import FieldHead, gaussian
from contreg_plugins.layers.initialisation import Initialisation


@dataclass(frozen=True)
class _Size:
    """Channels of each coarse level's convolution, of the extra ones at 1/2, and of those at full size."""

    coarse: int
    half: tuple[int, ...]
    full: tuple[int, ...]


_SIZES = {
    "vm1": _Size(32, (8,), (8,)),
    "vm2": _Size(32, (32,), (16, 16)),
    "dev": _Size(32, (), (32, 16, 16)),
    "diff": _Size(32, (16,), ()),
}


class VoxelMorphDecoder(Decoder):
    """Convolution, nearest-neighbour upsampling and concatenation per level; leaky ReLU 0.2, no norms.

    "vm1" and "vm2" are the networks of Balakrishnan et al. 2018, "dev" the library's current one (use the
    encoder's flavour "dev"), and "diff" that of Dalca et al. 2018, which stops at half resolution and wants
    ``log_variance``.

    Knobs:
        features: "vm1", "vm2", "dev" or "diff".
        kind: what the field is, "displacement" or "velocity".
        log_variance: estimate a variance.
        mean_std: standard deviation of the mean head's first weights.
        log_variance_std: standard deviation of the other head's.
        log_variance_bias: its bias; exp(-10 / 2) voxel is the first standard deviation.
    """

    name = "voxelmorph"
    paper = "Balakrishnan et al. 2018; Dalca et al. 2018"
    gives: ClassVar[frozenset[str]] = frozenset({"log_variance", "velocity"})
    needs: ClassVar[frozenset[str]] = frozenset({"full-resolution"})

    def __init__(
        self,
        channels: tuple[int, ...],
        ndim: int,
        *,
        features: Literal["vm1", "vm2", "dev", "diff"] = "vm2",
        kind: FieldKind = "displacement",
        log_variance: bool = False,
        mean_std: float = 1e-5,
        log_variance_std: float = 1e-10,
        log_variance_bias: float = -10.0,
    ) -> None:
        super().__init__()
        size = _SIZES[features]
        self.field_kind = kind
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        below = [0] + [size.coarse] * (len(channels) - 2)
        self.coarse = nn.ModuleList(
            _unit(ndim, carried + skip, size.coarse)
            for carried, skip in zip(below, reversed(channels[1:]), strict=True)
        )
        half = (size.coarse, *size.half)
        full = (half[-1] + channels[0], *size.full)
        self.at_half = _chain(ndim, half)
        self.at_full = _chain(ndim, full) if size.full else None
        Initialisation().apply(self)
        last = full[-1] if size.full else half[-1]
        self.mean = FieldHead(last, ndim, std=mean_std)
        variance_head = FieldHead(last, ndim, std=log_variance_std, bias=log_variance_bias)
        self.log_variance = variance_head if log_variance else None

    def given(self) -> frozenset[str]:
        """A variance and a velocity, where the knobs ask for them."""
        facts = {"velocity": self.field_kind == "velocity", "log_variance": self.log_variance is not None}
        return frozenset(fact for fact, given in facts.items() if given)

    def forward(self, encoding: Encoding) -> Field:
        """Features at 1, 1/2, 1/4 ... -> a field at full resolution, or half of it ("diff")."""
        finest, *others = encoding.features
        features = self.at_half(self._climb(others))
        if self.at_full is not None:
            features = self.at_full(torch.cat((self.up(features), finest), dim=1))
        mean, log_variance = gaussian(self.mean, self.log_variance, features)
        return Field(mean, log_variance, self.field_kind, 2 if self.at_full is None else 1)

    def _climb(self, levels: Sequence[Tensor]) -> Tensor:
        """From the coarsest level to 1/2, where the last of ``coarse`` runs."""
        features: Tensor = self.coarse[0](levels[-1])
        for level, skip in zip(self.coarse[1:], reversed(levels[:-1]), strict=True):
            features = level(torch.cat((self.up(features), skip), dim=1))
        return features


def _unit(ndim: int, channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(convolution(ndim, channels_in, channels_out), nn.LeakyReLU(0.2))


def _chain(ndim: int, channels: Sequence[int]) -> nn.Sequential:
    return nn.Sequential(*(_unit(ndim, inputs, outputs) for inputs, outputs in pairwise(channels)))
