"""The U-Net's way up and its heads."""

from typing import Literal

import pytest
import torch

from contreg_core.errors import MismatchError
from contreg_core.types import Encoding
from contreg_plugins.decoders.probabilistic_unet import ProbabilisticUNet

CHANNELS = (4, 6, 8)
WIDTHS = (4, 6, 8)


def encoding(ndim: int, batch: int = 1) -> Encoding:
    return Encoding(tuple(torch.rand(batch, c, *([16 // 2**k] * ndim)) for k, c in enumerate(CHANNELS)))


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("resolution", [1, 2])
@pytest.mark.parametrize("up", ["linear", "transposed"])
def test_size_of_the_field(ndim: int, resolution: Literal[1, 2], up: Literal["linear", "transposed"]) -> None:
    decoder = ProbabilisticUNet(
        CHANNELS, ndim, widths=WIDTHS, bottleneck_width=9, up=up, bottleneck_up=up, resolution=resolution
    )
    field = decoder(encoding(ndim))
    assert field.scale == resolution
    assert field.mean.shape == (1, ndim, *([16 // resolution] * ndim))
    assert field.log_variance is not None
    assert field.log_variance.shape == field.mean.shape


def test_the_first_field_is_almost_nothing() -> None:
    field = ProbabilisticUNet(CHANNELS, 3, widths=WIDTHS, bottleneck_width=9)(encoding(3))
    assert field.log_variance is not None
    assert field.mean.abs().max() < 1e-2
    torch.testing.assert_close(field.log_variance, torch.full_like(field.mean, -10))


def test_softmax_bounds_the_displacement() -> None:
    decoder = ProbabilisticUNet(
        CHANNELS,
        3,
        widths=WIDTHS,
        bottleneck_width=9,
        final_width=3,
        final_activation="softmax",
        mean_std=1.0,
    )
    weights = decoder.mean.convolution.weight
    bound = weights.abs().flatten(1).sum(1)
    found = decoder(encoding(3)).mean.abs().flatten(2).amax((0, 2))
    assert (found <= bound).all()


def test_it_gives_what_its_knobs_ask_for() -> None:
    decoder = ProbabilisticUNet(CHANNELS, 2, widths=WIDTHS, bottleneck_width=9, log_variance=False)
    assert not decoder.given()
    assert decoder(encoding(2)).log_variance is None
    decoder = ProbabilisticUNet(
        CHANNELS, 2, widths=WIDTHS, bottleneck_width=9, kind="velocity", sampling="legacy"
    )
    assert decoder.given() == {"velocity", "log_variance"}
    field = decoder(encoding(2))
    assert (field.kind, field.sampling) == ("velocity", "legacy")


def test_the_released_sampling_reads_the_head_as_it_is() -> None:
    decoder = ProbabilisticUNet(
        CHANNELS, 2, widths=WIDTHS, bottleneck_width=9, sampling="legacy", log_variance_bias=-3.0
    )
    field = decoder(encoding(2))
    assert field.log_variance is not None
    torch.testing.assert_close(field.expected(), field.mean + field.log_variance)
    torch.manual_seed(1)
    drawn = field.draw()
    torch.manual_seed(1)
    torch.testing.assert_close(drawn, field.mean + field.log_variance * torch.randn_like(field.mean))


def test_heads_stay_in_float32_under_autocast() -> None:
    decoder = ProbabilisticUNet(CHANNELS, 2, widths=WIDTHS, bottleneck_width=9)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert decoder(encoding(2)).mean.dtype == torch.float32


def test_one_width_too_few_is_an_error_that_says_so() -> None:
    with pytest.raises(MismatchError, match="2 widths for 3 encoder levels"):
        ProbabilisticUNet(CHANNELS, 2, widths=(4, 6))


@pytest.mark.parametrize(("levels", "resolution"), [(1, 1), (2, 2)])
def test_an_encoder_too_shallow_is_an_error_that_says_so(levels: int, resolution: Literal[1, 2]) -> None:
    with pytest.raises(MismatchError, match="more levels"):
        ProbabilisticUNet(CHANNELS[:levels], 2, widths=WIDTHS[:levels], resolution=resolution)
