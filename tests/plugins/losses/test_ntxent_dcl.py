"""NT-Xent and DCL against the numbers of oracles.md and their symmetries."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from contreg_core import recipe
from contreg_core.components import Loss
from contreg_core.plugins import load_catalogue
from contreg_core.types import Embeddings, Registration
from contreg_plugins.losses.dcl import DCL
from contreg_plugins.losses.ntxent import NTXent

Build = Callable[..., Registration]
AXES = [[1.0, 0.0], [0.0, 1.0]]
TURNED = [[0.6, 0.8], [0.8, -0.6]]
few = settings(max_examples=25, deadline=None)


def value(build: Build, loss: Loss, moving: Tensor, fixed: Tensor) -> Tensor:
    return loss(build(embeddings=Embeddings(moving, fixed)))


def vectors(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def views(batch: int, seed: int) -> Tensor:
    return torch.randn(2, batch, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "fixed", "expected"),
    [
        (NTXent(), AXES, 0.2395447662),
        (NTXent(temperature=0.1), AXES, 9.0795737e-5),
        (NTXent(), TURNED, 2.0301902771),
        (DCL(), AXES, math.log(2) - 2),
        (DCL(), TURNED, 1.7839007409),
        (DCL(keep_anchor=True), TURNED, 2.5909235892),
    ],
)
def test_values_of_two_pairs(build: Build, loss: Loss, fixed: list[list[float]], expected: float) -> None:
    found = value(build, loss, vectors(AXES), vectors(fixed))
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_the_released_preset_counts_it_a_ten_thousandth(build: Build) -> None:
    catalogue = load_catalogue(plugins=False)
    _, objective = recipe.build(catalogue.recipe("contrastive-vae/reference"), catalogue, ndim=2)
    found = value(build, objective.term("ntxent"), vectors(AXES), vectors(AXES))
    assert objective.weights["ntxent"] * found.item() == pytest.approx(0.2395447662e-4, rel=1e-6)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.parametrize("batch", [2, 8])
def test_equal_vectors_give_the_log_of_the_candidates(build: Build, batch: int, temperature: float) -> None:
    moving = torch.ones(batch, 4, dtype=torch.float64, requires_grad=True)
    found = value(build, NTXent(temperature=temperature), moving, torch.ones(batch, 4, dtype=torch.float64))
    assert found.item() == pytest.approx(math.log(2 * batch - 1))
    (gradient,) = torch.autograd.grad(found, moving)
    assert gradient.abs().max() < 1e-12


def reference(moving: Tensor, fixed: Tensor, temperature: float) -> float:
    """NT-Xent by loops, straight from the formula."""
    rows = [row / row.norm() for row in torch.cat([moving, fixed])]
    total = 0.0
    for k, anchor in enumerate(rows):
        partner = rows[(k + len(moving)) % len(rows)]
        others = sum(math.exp(float(anchor @ row) / temperature) for m, row in enumerate(rows) if m != k)
        total += math.log(others) - float(anchor @ partner) / temperature
    return total / len(rows)


@few
@given(seed=st.integers(0, 10_000), batch=st.integers(1, 6), temperature=st.floats(0.05, 2))
def test_ntxent_equals_the_loops(build: Build, seed: int, batch: int, temperature: float) -> None:
    moving, fixed = torch.randn(
        2, batch, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    found = value(build, NTXent(temperature=temperature), moving, fixed).item()
    assert found == pytest.approx(reference(moving, fixed, temperature), abs=1e-9)


@few
@given(seed=st.integers(0, 10_000), batch=st.integers(2, 6))
@pytest.mark.parametrize(
    "loss", [NTXent(), DCL(), DCL(keep_anchor=True)], ids=["ntxent", "dcl", "dcl-anchor"]
)
def test_symmetries(build: Build, loss: Loss, seed: int, batch: int) -> None:
    moving, fixed = views(batch, seed)
    generator = torch.Generator().manual_seed(seed)
    scales = torch.rand(batch, 1, generator=generator, dtype=torch.float64) + 0.1
    rotation = torch.linalg.qr(torch.randn(5, 5, generator=generator, dtype=torch.float64)).Q
    order = torch.randperm(batch, generator=generator)
    expected = value(build, loss, moving, fixed)
    for changed in (
        (moving * scales, fixed / scales),
        (moving @ rotation, fixed @ rotation),
        (moving[order], fixed[order]),
    ):
        torch.testing.assert_close(value(build, loss, *changed), expected)


@few
@given(seed=st.integers(0, 10_000), batch=st.integers(1, 6))
def test_ntxent_does_not_care_which_image_moves(build: Build, seed: int, batch: int) -> None:
    moving, fixed = torch.randn(
        2, batch, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    torch.testing.assert_close(value(build, NTXent(), moving, fixed), value(build, NTXent(), fixed, moving))


@pytest.mark.parametrize("loss", [NTXent(), DCL()])
def test_a_batch_of_one_is_zero_with_a_gradient_of_zero(build: Build, loss: Loss) -> None:
    moving = torch.randn(1, 5, requires_grad=True)
    found = value(build, loss, moving, torch.randn(1, 5))
    found.backward()
    assert found.item() == 0
    assert moving.grad is not None
    assert moving.grad.abs().max() == 0


@pytest.mark.parametrize("loss", [NTXent(temperature=0.01), DCL(temperature=0.01)])
def test_small_temperatures_stay_finite_in_float32(build: Build, loss: Loss) -> None:
    moving = torch.randn(8, 64).half().requires_grad_()
    found = value(build, loss, moving, torch.randn(8, 64).half())
    assert found.dtype == torch.float32
    assert torch.isfinite(found)


@pytest.mark.parametrize("cls", [NTXent, DCL])
@pytest.mark.parametrize("temperature", [0, -0.5])
def test_a_temperature_must_be_positive(cls: type, temperature: float) -> None:
    with pytest.raises(ValueError, match="not positive"):
        cls(temperature=temperature)
