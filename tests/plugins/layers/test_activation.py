"""Activations that overwrite what they are given find the same gradient."""

import pytest
import torch
import torch.nn.functional as F

from contreg_plugins.layers.activation import leaky


@pytest.mark.parametrize("slope", [0.2, 0.0, -0.1])
def test_a_leaky_relu_in_place_is_one(slope: float) -> None:
    given = torch.linspace(-2, 2, 9, requires_grad=True)
    plain = F.leaky_relu(3 * given, slope)
    (expected,) = torch.autograd.grad(plain.square().sum(), given)
    found = leaky(slope)(3 * given)
    assert torch.equal(found, plain)
    assert torch.equal(torch.autograd.grad(found.square().sum(), given)[0], expected)
