"""Laws of encoders."""

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Encoder
from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.law import LeftOutError, compared_facts, demand, laws
from contreg_core.conformance.samples import BOTH, brains, row
from contreg_core.types import Encoding, Pair

_LEAST = 8


class EncoderCase(Case[Encoder]):
    """An encoder and pairs of a size it takes, twice as long along the first axis."""

    def wiring(self, ndim: int) -> tuple[object, ...]:
        """One image channel."""
        return (1, ndim)

    def pair(self, part: Encoder, ndim: int, rows: tuple[int, ...] = (0,)) -> Pair:
        """``rows`` of two pairs."""
        side = part.multiple * -(-_LEAST // part.multiple)
        both = brains((2 * side, *[side] * (ndim - 1)), batch=2)
        return both if rows == (0, 1) else row(both, rows[0])

    def answer(self, part: Encoder, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu") -> Answer:
        """Features, then embeddings."""
        pair = self.pair(part, ndim, rows)
        encoding = part(Pair(pair.moving.to(device), pair.fixed.to(device), pair.subjects))
        return (*encoding.features, *embedded(encoding))


def embedded(encoding: Encoding) -> tuple[Tensor, ...]:
    """What embeddings there are."""
    found = encoding.embeddings
    parts = () if found is None else (found.moving, found.fixed, found.moving_map, found.fixed_map)
    return tuple(part for part in parts if part is not None)


def levels_are_as_declared(case: EncoderCase) -> None:
    """``features`` are floats ``(B, channels[k], *space_k)``, finest first; images are multiples of ``multiple``."""
    for ndim in BOTH:
        part = case.make(ndim).eval()
        demand(isinstance(getattr(part, "multiple", None), int), "the constructor sets no integer 'multiple'")
        pair = case.pair(part, ndim, (0, 1))
        features = part(pair).features
        found = tuple(level.shape[1] for level in features)
        demand(found == tuple(part.channels), f"features of {found} channels, channels = {part.channels}")
        shapes = [tuple(level.shape) for level in features]
        demand(
            all(len(shape) == ndim + 2 and shape[0] == 2 for shape in shapes),
            f"shapes {shapes} of a batch of 2",
        )
        sizes = [shape[2:] for shape in shapes]
        demand(sizes == sorted(sizes, reverse=True), f"levels on grids {sizes}, the finest not first")
        demand(all(level.is_floating_point() for level in features), "features that are no floating numbers")


def facts_are_true(case: EncoderCase) -> None:
    """What ``given()`` names is there, and what is there is named: resolution, embeddings, images."""
    for ndim in BOTH:
        part = case.make(ndim).eval()
        pair = case.pair(part, ndim)
        encoding = part(pair)
        finest = tuple(encoding.features[0].shape[2:])
        vectors = encoding.embeddings
        seen = {
            "full-resolution": finest == pair.space,
            "half-resolution": finest == tuple(size // 2 for size in pair.space),
            "embeddings": vectors is not None and vectors.moving.numel() > 0,
            "dense-embeddings": vectors is not None and vectors.moving_map is not None,
            "images": "paired" in part.given() and _ends_in_images(encoding, pair),
        }
        compared_facts(part.given(), seen)


def _ends_in_images(encoding: Encoding, pair: Pair) -> bool:
    """Whether the last channel of every half is its image, averaged."""
    return all(
        _is_averaged(half[:, -1:], image)
        for halves in encoding.paired()
        for half, image in zip(halves, (pair.moving, pair.fixed), strict=True)
    )


def _is_averaged(channel: Tensor, image: Tensor) -> bool:
    averaged = spatial.average(image, max(1, image.shape[2] // channel.shape[2]))
    return channel.shape == averaged.shape and torch.allclose(channel.float(), averaged)


def embeddings_have_their_shapes(case: EncoderCase) -> None:
    """Embeddings are ``(B, D)``, dense ones ``(B, D, *coarse)``, the same for moving and fixed."""
    for ndim in BOTH:
        part = case.make(ndim).eval()
        found = part(case.pair(part, ndim, (0, 1))).embeddings
        if found is None:
            raise LeftOutError("it gives no embeddings")
        vectors = [found.moving, found.fixed] if "embeddings" in part.given() else []
        maps = [one for one in (found.moving_map, found.fixed_map) if one is not None]
        for group, axes in ((vectors, 2), (maps, ndim + 2)):
            shapes = {tuple(one.shape) for one in group}
            demand(len(shapes) < 2 and len(group) in (0, 2), f"moving and fixed in shapes {shapes}")
            demand(
                all(len(shape) == axes and shape[0] == 2 for shape in shapes),
                f"shapes {shapes} of a batch of 2",
            )


@torch.no_grad()
def halves_swap(case: EncoderCase) -> None:
    """An encoder that gives "paired" puts moving in the first half of every level's channels, fixed in the second."""
    for ndim in BOTH:
        part = case.make(ndim).eval()
        if "paired" not in part.given():
            raise LeftOutError("it does not give 'paired'")
        pair = case.pair(part, ndim)
        halves, swapped = part(pair).paired(), part(pair.swapped()).paired()
        for (moving, fixed), (first, second) in zip(halves, swapped, strict=True):
            apart = max(float((moving - second).abs().max()), float((fixed - first).abs().max()))
            demand(
                apart <= 1e-4 * float(moving.abs().max()),
                f"halves differ by {apart:.3g} when images swap places",
            )
        demand(not torch.equal(*halves[0]), "both halves are the same for different images")


@torch.no_grad()
def alone_and_together_agree(case: EncoderCase) -> None:
    """An encoder that gives "separate" puts ``together``, from two images ``alone``, what it says of the pair."""
    for ndim in BOTH:
        part = case.make(ndim).eval()
        if "separate" not in part.given():
            raise LeftOutError("it does not give 'separate'")
        pair = case.pair(part, ndim, (0, 1))
        joint, apart = part(pair), part.together(part.alone(pair.moving), part.alone(pair.fixed))
        whole, parts = ((*one.features, *embedded(one)) for one in (joint, apart))
        demand(len(whole) == len(parts), f"{len(parts)} features and embeddings, {len(whole)} for the pair")
        for one, other in zip(parts, whole, strict=True):
            demand(one.shape == other.shape, f"shape {tuple(one.shape)}, {tuple(other.shape)} for the pair")
            off = float((one - other).abs().max())
            demand(off <= 1e-4 * float(other.abs().max()) + 1e-6, f"differs by {off:.3g} from the pair's")


ENCODER = [
    *laws(levels_are_as_declared, decisive=True),
    *laws(facts_are_true, embeddings_have_their_shapes, halves_swap, alone_and_together_agree),
]
