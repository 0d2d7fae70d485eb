"""A registration taken apart: every tensor that a loss may read, each free to be moved by itself."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import spatial
from contreg_core.conformance.partners import WIDTH, Integrating
from contreg_core.conformance.samples import ODD, brains, smooth
from contreg_core.types import Compared, Embeddings, Encoding, Field, Pair, Registration

FACTS = frozenset(
    {"embeddings", "dense-embeddings", "log_variance", "velocity", "inverse", "swapped", "shares"}
)
"""What a loss may need; without one of these, the registration lacks it."""
VECTORS = ("moving_vectors", "fixed_vectors")
MAPS = ("moving_map", "fixed_map")
MOTION = ("drawn", "mean", "displacement", "inverse", "swapped_displacement")
IMAGES = ("warped", "warped_back", "swapped_warped", "shares")

STRUCTURES = 2
"""As many as may be compared."""


@dataclass(frozen=True)
class Parts:
    """``pair`` is given, the rest a model would make: 64 embedding values; field, dense maps at half resolution."""

    pair: Pair
    features: Tensor
    moving_vectors: Tensor
    fixed_vectors: Tensor
    moving_map: Tensor
    fixed_map: Tensor
    drawn: Tensor
    mean: Tensor
    log_variance: Tensor
    displacement: Tensor
    warped: Tensor
    inverse: Tensor
    warped_back: Tensor
    swapped_displacement: Tensor
    swapped_warped: Tensor
    shares: Tensor

    @classmethod
    def of(cls, ndim: int, batch: int = 2) -> "Parts":
        """Brains of odd sizes, and a smooth field that does not register them."""
        space = ODD[ndim]
        half = [-(-size // 2) for size in space]
        pair, warper = brains(space, batch), Integrating()
        mean = smooth(half, 0.8, 1, batch)
        noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(2))
        field = Field(mean, kind="velocity", scale=2)
        forward, back = (
            spatial.crop_to(values, space) for values in (warper(mean, field), warper.inverse(mean, field))
        )
        other = spatial.crop_to(warper(-0.8 * mean, field), space)
        return cls(
            pair,
            features=_normal([batch, 8, *space], 3),
            moving_vectors=_normal([batch, WIDTH], 4),
            fixed_vectors=_normal([batch, WIDTH], 5),
            moving_map=_normal([batch, WIDTH // 2, *half], 6),
            fixed_map=_normal([batch, WIDTH // 2, *half], 7),
            drawn=mean + 0.1 * noise,
            mean=mean,
            log_variance=noise / 4 - 4,
            displacement=forward,
            warped=warper.warp(pair.moving, forward),
            inverse=back,
            warped_back=warper.warp(pair.fixed, back),
            swapped_displacement=other,
            swapped_warped=warper.warp(pair.fixed, other),
            shares=warper.warp(Compared.like(pair, STRUCTURES).moving_shares, forward),
        )

    def registration(self, facts: frozenset[str] = FACTS) -> Registration:
        """As a loss reads it, without what ``facts`` leaves out."""
        log_variance = self.log_variance if "log_variance" in facts else None
        field = Field(self.mean, log_variance, "velocity" if "velocity" in facts else "displacement", 2)
        shares = "shares" in facts
        pair = replace(self.pair, compared=Compared.like(self.pair, STRUCTURES)) if shares else self.pair
        found = Registration(pair, self._encoding(facts), field, self.drawn, self.displacement, self.warped)
        found = replace(found, shares=self.shares) if shares else found
        if "inverse" in facts:
            found = replace(found, inverse=self.inverse, warped_back=self.warped_back)
        if "swapped" not in facts:
            return found
        moved, warped = self.swapped_displacement, self.swapped_warped
        return replace(found, swapped=replace(found, pair=pair.swapped(), displacement=moved, warped=warped))

    def map(self, change: Callable[[Tensor], Tensor]) -> "Parts":
        """Every floating tensor changed, the images of the pair included."""
        pair = replace(self.pair, moving=change(self.pair.moving), fixed=change(self.pair.fixed))
        return replace(self, pair=pair, **{name: change(getattr(self, name)) for name in LEAVES})

    def _encoding(self, facts: frozenset[str]) -> Encoding:
        vectors = [F.normalize(one, dim=1) for one in (self.moving_vectors, self.fixed_vectors)]
        maps = [F.normalize(one, dim=1) for one in (self.moving_map, self.fixed_map)]
        if "dense-embeddings" in facts:
            return Encoding((self.features,), Embeddings(vectors[0], vectors[1], *maps))
        return Encoding((self.features,), Embeddings(*vectors) if "embeddings" in facts else None)


def _normal(shape: list[int], seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


LEAVES = tuple(field.name for field in fields(Parts) if field.name != "pair")
"""Every tensor by name."""
