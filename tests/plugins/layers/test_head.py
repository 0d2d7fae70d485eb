"""The heads that end in field units."""

import pytest
import torch

from contreg_plugins.layers.head import FieldHead, gaussian


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("mixed", [False, True])
def test_both_heads_at_once_are_both_heads(ndim: int, mixed: bool) -> None:
    torch.manual_seed(0)
    mean, spread = FieldHead(5, ndim, std=0.1), FieldHead(5, ndim, std=0.1, bias=-3.0)
    features = torch.randn(2, 5, *[6] * ndim)
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        found, log_variance = gaussian(mean, spread, features)
        torch.testing.assert_close(found, mean(features))
        torch.testing.assert_close(log_variance, spread(features))
    assert found.dtype == torch.float32
    (found.square().sum() + log_variance.sum()).backward()
    for head in (mean, spread):
        assert all(weight.grad is not None and weight.grad.any() for weight in head.parameters())


def test_without_a_variance_there_is_a_mean_alone() -> None:
    mean, features = FieldHead(4, 3, std=0.1), torch.randn(1, 4, 5, 5, 5)
    found, log_variance = gaussian(mean, None, features)
    torch.testing.assert_close(found, mean(features))
    assert log_variance is None
