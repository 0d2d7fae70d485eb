"""A network with its norms folded is the same function."""

import pytest
import torch
from torch import nn

from contreg_core.inference.folding import fold_norms


def network(ndim: int) -> nn.Sequential:
    conv, up, norm = {
        2: (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d),
        3: (nn.Conv3d, nn.ConvTranspose3d, nn.BatchNorm3d),
    }[ndim]
    inner = nn.Sequential(up(4, 5, 3, stride=2, padding=1, output_padding=1), norm(5), nn.ReLU())
    layers = nn.Sequential(conv(1, 4, 3, padding=1), norm(4), nn.ReLU(), inner, conv(5, 2, 1))
    for module in layers.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            for values in (module.weight, module.bias, module.running_mean):
                nn.init.normal_(values, 1.0, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return layers.double().eval()


@pytest.mark.parametrize("ndim", [2, 3])
def test_it_is_the_same_function_without_norms(ndim: int) -> None:
    torch.manual_seed(0)
    layers, image = network(ndim), torch.randn(2, 1, *[6] * ndim, dtype=torch.float64)
    with torch.no_grad():
        expected = layers(image)
        fold_norms(layers)
        torch.testing.assert_close(layers(image), expected, rtol=1e-10, atol=1e-12)
    assert not any(isinstance(part, nn.BatchNorm2d | nn.BatchNorm3d) for part in layers.modules())


def test_norms_of_the_image_itself_stay() -> None:
    layers = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2), nn.Conv2d(2, 2, 1), nn.GroupNorm(1, 2)
    ).eval()
    fold_norms(layers)
    assert [type(part).__name__ for part in layers] == ["Conv2d", "InstanceNorm2d", "Conv2d", "GroupNorm"]
