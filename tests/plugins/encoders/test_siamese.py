"""The weight-shared encoder: layout, swapping, first weights."""

from typing import Literal

import pytest
import torch

from contreg_core.types import Pair
from contreg_plugins.encoders.siamese import Siamese


def pair(ndim: int, batch: int = 2, size: int = 16) -> Pair:
    moving, fixed = torch.rand(2, batch, 1, *([size] * ndim))
    return Pair(moving, fixed)


@pytest.mark.parametrize("ndim", [2, 3])
def test_levels_and_vectors(ndim: int) -> None:
    encoder = Siamese(1, ndim)
    encoding = encoder(pair(ndim))
    assert encoder.multiple == 8
    shapes = [(2, channels, *([16 // 2**k] * ndim)) for k, channels in enumerate(encoder.channels)]
    assert [tuple(level.shape) for level in encoding.features] == shapes
    assert encoder.channels == (32, 64, 128, 128)
    assert encoding.embeddings is not None
    assert encoding.embeddings.moving.shape == (2, 64)
    torch.testing.assert_close(encoding.embeddings.fixed.norm(dim=1), torch.ones(2))


@pytest.mark.parametrize("projection", ["linear", "mlp"])
@pytest.mark.parametrize("norm", ["batch", "group", "instance", "none"])
def test_swapping_the_images_swaps_everything(
    projection: Literal["linear", "mlp"], norm: Literal["batch", "group", "instance", "none"]
) -> None:
    encoder = Siamese(1, 2, projection=projection, norm=norm, local_dim=8)
    images = pair(2, size=32)
    one, other = encoder(images), encoder(images.swapped())
    assert one.embeddings is not None
    assert other.embeddings is not None
    assert torch.equal(one.embeddings.moving, other.embeddings.fixed)
    assert one.embeddings.moving_map is not None
    assert other.embeddings.fixed_map is not None
    assert torch.equal(one.embeddings.moving_map, other.embeddings.fixed_map)
    for (moving, fixed), (moving_again, fixed_again) in zip(one.paired(), other.paired(), strict=True):
        assert torch.equal(moving, fixed_again)
        assert torch.equal(fixed, moving_again)


def test_two_linear_layers_tell_the_images_apart() -> None:
    encoder = Siamese(1, 2, projection="two-linear")
    image = torch.rand(2, 1, 16, 16)
    embeddings = encoder(Pair(image, image)).embeddings
    assert embeddings is not None
    assert not torch.allclose(embeddings.moving, embeddings.fixed)


def test_it_gives_what_its_knobs_ask_for() -> None:
    assert Siamese(1, 2).given() == {"paired", "separate", "embeddings", "full-resolution"}
    assert Siamese(1, 2, projection="none").given() == {"paired", "separate", "full-resolution"}
    assert Siamese(1, 2, local_dim=8).given() == Siamese.gives
    assert Siamese(1, 2, projection="none")(pair(2)).embeddings is None


def test_vectors_keep_their_length_on_request() -> None:
    embeddings = Siamese(1, 2, normalise_embedding=False)(pair(2)).embeddings
    assert embeddings is not None
    assert (embeddings.moving.norm(dim=1) - 1).abs().min() > 1e-3


def test_dense_vectors_lie_at_a_quarter() -> None:
    embeddings = Siamese(1, 3, widths=(8, 8, 8, 8), pool_deepest=False, local_dim=5)(pair(3)).embeddings
    assert embeddings is not None
    assert embeddings.fixed_map is not None
    assert embeddings.fixed_map.shape == (2, 5, 4, 4, 4)
    torch.testing.assert_close(embeddings.fixed_map.norm(dim=1), torch.ones(2, 4, 4, 4))


def test_first_weights_of_the_released_code() -> None:
    weights = [p for name, p in Siamese(1, 3, init="normal").named_parameters() if name.endswith("weight")]
    for weight in weights:
        if weight.ndim > 1 and weight.numel() > 4000:
            assert weight.std().item() == pytest.approx(1, abs=0.05)


def test_first_weights_after_he() -> None:
    deepest = Siamese(1, 3).blocks[2][3].weight
    assert deepest.std().item() == pytest.approx((2 / (64 * 27)) ** 0.5, rel=0.02)


def test_first_scales_and_shifts_of_the_norms() -> None:
    encoder = Siamese(1, 2, widths=(512,), gamma_mean=0, gamma_std=0.1, beta_std=0.2)
    norm = encoder.blocks[0][1]
    assert norm.weight.mean().item() == pytest.approx(0, abs=0.02)
    assert norm.weight.std().item() == pytest.approx(0.1, rel=0.15)
    assert norm.bias.std().item() == pytest.approx(0.2, rel=0.15)
    assert (Siamese(1, 2).blocks[0][1].weight == 1).all()
    assert (Siamese(1, 2).blocks[0][1].bias == 0).all()


@pytest.mark.parametrize("projection", ["linear", "two-linear", "mlp"])
def test_no_weight_is_saved_twice(projection: Literal["linear", "two-linear", "mlp"]) -> None:
    state = Siamese(1, 2, projection=projection).state_dict()
    places = [tensor.data_ptr() for tensor in state.values() if tensor.numel() > 1]
    assert len(places) == len(set(places))
