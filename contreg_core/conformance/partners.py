"""Plain components of the kit's own, so that a kind can be tried without anyone else's."""

from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contreg_core import spatial
from contreg_core.components import Encoder, Loss, Warper
from contreg_core.types import Displacement, Embeddings, Encoding, Field, Pair, Registration

RESOLUTIONS = frozenset({"full-resolution", "half-resolution"})
"""Facts that rule each other out: of an encoder's finest features."""
LEVELS = 4
WIDTH = 64
"""Length of the kit's embeddings, and of its dense ones."""


class PlainEncoder(Encoder):
    """Four levels from the full or half resolution on; gives exactly the facts it is asked for."""

    name = "kit-plain"
    gives: ClassVar[frozenset[str]] = frozenset(
        {"paired", "images", "full-resolution", "half-resolution", "embeddings", "dense-embeddings"}
    )
    multiple = 2**LEVELS

    def __init__(self, image_channels: int, ndim: int, *, facts: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.facts = frozenset(facts)
        own = (4, 6, 6, 8) if "paired" in facts else (5, 7, 7, 9)  # odd ones cannot pass for halves
        convolution = nn.Conv3d if ndim == 3 else nn.Conv2d
        inputs = image_channels if "paired" in facts else 2 * image_channels
        strides = (2 if "half-resolution" in facts else 1, 2, 2, 2)
        self.levels = nn.ModuleList(
            convolution(before, after, 3, stride, 1)
            for (before, after), stride in zip(pairwise((inputs, *own)), strides, strict=True)
        )
        more = image_channels if "images" in facts else 0
        self.channels = tuple(2 * (width + more) for width in own) if "paired" in facts else own

    def given(self) -> frozenset[str]:
        """What it was asked for."""
        return self.facts

    def forward(self, pair: Pair) -> Encoding:
        """Both images -> four levels."""
        if "paired" not in self.facts:
            return Encoding(self._levels(torch.cat((pair.moving, pair.fixed), dim=1)), self._embed(pair))
        both = zip(self._levels(pair.moving), self._levels(pair.fixed), strict=True)
        return Encoding(tuple(torch.cat(level, dim=1) for level in both), self._embed(pair))

    def _levels(self, image: Tensor) -> tuple[Tensor, ...]:
        features, found = image, []
        for level in self.levels:
            features = F.leaky_relu(level(features), 0.2)
            found.append(features)
        if "images" not in self.facts:
            return tuple(found)
        edges = [image.shape[2] // level.shape[2] for level in found]
        return tuple(
            torch.cat((level, spatial.average(image, edge)), dim=1)
            for level, edge in zip(found, edges, strict=True)
        )

    def _embed(self, pair: Pair) -> Embeddings | None:
        if not self.facts & {"embeddings", "dense-embeddings"}:
            return None
        vectors = [F.normalize(image.flatten(1)[:, :WIDTH] + 1, dim=1) for image in (pair.moving, pair.fixed)]
        return Embeddings(vectors[0], vectors[1])


class Integrating(Warper):
    """A velocity is integrated, a displacement taken as it is; both have an inverse."""

    name = "kit-integrating"
    gives: ClassVar[frozenset[str]] = frozenset({"inverse"})

    def forward(self, values: Tensor, field: Field) -> Displacement:
        """On the image grid."""
        moved = spatial.integrate(values) if field.kind == "velocity" else values
        return spatial.resize(moved, [size * field.scale for size in values.shape[2:]])

    def inverse(self, values: Tensor, field: Field) -> Displacement:
        """Of the integrated velocity, or by fixed point."""
        return self(-values, field) if field.kind == "velocity" else spatial.invert(self(values, field))


class Difference(Loss):
    """Mean squared difference of the images."""

    name = "kit-difference"

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> scalar."""
        return (registration.warped - registration.pair.fixed).square().mean()


class Bending(Loss):
    """Mean squared difference of neighbouring displacements."""

    name = "kit-bending"

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> scalar."""
        field = registration.displacement
        return torch.stack([field.diff(dim=axis).square().mean() for axis in range(2, field.ndim)]).mean()
