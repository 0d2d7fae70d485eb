"""A rendered pair: repeatable, what it says of itself is so."""

import numpy as np
import pytest
import torch

from contreg_core import spatial
from contreg_core.errors import UsageError
from contreg_core.rendering.knobs import Rendering
from contreg_core.rendering.maps import LabelledMap, ready, regions_of
from contreg_core.rendering.pair import Renderer
from contreg_core.types import Pair

CPU = torch.device("cpu")
FEW = {"warp": 4.0, "turn": 8.0, "parts": 2}


def maps(count: int = 2, ndim: int = 3) -> tuple[Renderer, list[LabelledMap]]:
    """Ellipsoids, the core aside: outer fluid (3), cortex (2), core (1)."""
    space = (40, 36, 44)[:ndim]
    axes = [np.linspace(-1, 1, size) for size in space]
    along = np.meshgrid(*axes, indexing="ij")
    radius = np.sqrt(along[0] ** 2 + 1.5 * sum(one**2 for one in along[1:]))
    aside = np.sqrt((along[0] - 0.2) ** 2 + sum((one + 0.1) ** 2 for one in along[1:]))
    labels = [
        np.select([aside < 0.25 + 0.05 * k, radius < 0.6, radius < 0.75], [1, 2, 3]) for k in range(count)
    ]
    images = [np.asarray([0, 0.9, 0.5, 0.1], np.float32)[one] for one in labels]
    regions = regions_of(labels, images, {"core": (1,), "cortex": (2,), "outer fluid": (3,)})
    knobs = Rendering(labels=True, removed=("core",), **FEW)  # type: ignore[arg-type]
    return Renderer(regions, 4.0, knobs, CPU), [
        ready(regions.numbers(one), regions, 2, CPU) for one in labels
    ]


def rendered(seed: int, *, twice: bool = False, mixed: bool = True, ndim: int = 3) -> Pair:
    renderer, both = maps(ndim=ndim)
    return renderer.pair(both[0], both[0 if twice else 1], mixed=mixed, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("mixed", [True, False])
def test_the_same_seed_is_the_same_pair_bit_by_bit(ndim: int, mixed: bool) -> None:
    first, again = (rendered(7, mixed=mixed, ndim=ndim) for _ in range(2))
    other = rendered(8, mixed=mixed, ndim=ndim)
    assert first.compared is not None
    assert again.compared is not None
    for name in ("moving", "fixed", "mask"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))
    for name, value in vars(first.compared).items():
        assert torch.equal(value, getattr(again.compared, name))


def test_of_one_map_twice_the_true_displacement_carries_one_onto_the_other() -> None:
    """Images and structures, but for what interpolation blurs."""
    before, after = 0.0, 0.0
    for seed in range(6):
        found = rendered(seed, twice=True).compared
        assert found is not None
        assert found.known.all()
        moved, shares = (
            spatial.warp(image, found.displacement) for image in (found.moving, found.moving_shares)
        )
        assert (shares - found.fixed_shares).abs().mean() < 0.05
        before += float((found.moving - found.fixed).abs().mean())
        after += float((moved - found.fixed).abs().mean())
    assert after < 0.5 * before


def test_of_two_maps_nothing_is_known() -> None:
    found = rendered(1).compared
    assert found is not None
    assert not found.known.any()
    assert not found.displacement.any()


@pytest.mark.parametrize("seed", range(6))
def test_shares_are_shares_and_images_0_outside_their_mask(seed: int) -> None:
    pair = rendered(seed)
    assert pair.compared is not None
    assert pair.mask is not None
    for shares in (pair.compared.moving_shares, pair.compared.fixed_shares):
        assert shares.shape[1] in (1, 2)  # the core may be lacking, outer fluid is never compared
        assert shares.min() >= 0
        assert shares.sum(1).max() <= 1.01
    assert not pair.fixed[~pair.mask].any()
    assert pair.fixed.max() == 1


def test_what_is_compared_has_one_contrast_whatever_is_seen() -> None:
    """The clean images do not change with the contrast drawn."""
    renderer, both = maps()
    pairs = [renderer.pair(*both, mixed=mixed, rng=np.random.default_rng(3)) for mixed in (False, False)]
    compared = [pair.compared for pair in pairs]
    assert compared[0] is not None
    assert compared[1] is not None
    assert torch.equal(compared[0].fixed, compared[1].fixed)
    core = compared[0].fixed[compared[0].fixed > 0.85]
    assert not len(core) or core.max() <= 0.9001


def test_knobs_say_what_they_take() -> None:
    for wrong in ({"twice": 1.5}, {"warp": -1.0}, {"finer": 0}, {"stretch": 1.0}):
        with pytest.raises(UsageError, match=f"rendering.{next(iter(wrong))}"):
            Rendering(**wrong)  # type: ignore[arg-type]
