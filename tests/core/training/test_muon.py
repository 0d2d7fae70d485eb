"""Muon: orthogonal steps, AdamW beside them, steps left out. (Bitwise resume: test_session, the recommended recipe.)"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from contreg_core.checkpoint import optimiser_tensors
from contreg_core.training.muon import Muon, orthogonal

sizes = st.integers(1, 24)
seeds = st.integers(0, 2**16)


def matrix(rows: int, columns: int, seed: int) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def alone(one: Tensor) -> Tensor:
    (found,) = orthogonal([one])
    return found


def rotation(size: int, seed: int) -> Tensor:
    turned, _ = torch.linalg.qr(matrix(size, size, seed).double())
    return turned


@given(sizes, sizes, seeds)
def test_the_quintic_on_every_singular_value(rows: int, columns: int, seed: int) -> None:
    """The slow reference: decompose, iterate the scalar polynomial, put together."""
    given_ = matrix(rows, columns, seed).double()
    left, values, right = torch.linalg.svd(given_, full_matrices=False)
    values = values / given_.norm()
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    expected = left @ values.diag() @ right
    torch.testing.assert_close(alone(given_), expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(alone(given_.float()).double(), expected, rtol=0, atol=2e-3)


@given(st.integers(2, 16), seeds)
def test_singular_values_become_about_one(size: int, seed: int) -> None:
    spectrum = torch.logspace(-1.5, 0, size, dtype=torch.float64)
    spread = rotation(size, seed) @ spectrum.diag() @ rotation(2 * size, seed)[:size]
    found = torch.linalg.svdvals(alone(spread))
    assert 0.65 < float(found.min()) <= float(found.max()) < 1.25


@given(sizes, sizes, seeds, st.floats(1e-6, 1e6))
def test_it_turns_with_the_matrix_and_forgets_its_size(
    rows: int, columns: int, seed: int, factor: float
) -> None:
    given_ = matrix(rows, columns, seed).double()
    turn = rotation(rows, seed + 1)
    torch.testing.assert_close(alone(turn @ given_), turn @ alone(given_), rtol=0, atol=1e-9)
    torch.testing.assert_close(alone(factor * given_), alone(given_), rtol=0, atol=1e-9)
    torch.testing.assert_close(alone(given_.T), alone(given_).T, rtol=0, atol=1e-12)


@given(st.lists(st.tuples(sizes, sizes), min_size=1, max_size=6), seeds)
def test_together_is_one_by_one(shapes: list[tuple[int, int]], seed: int) -> None:
    """But for rounding, which five steps make up to 3.44^5 = 480 times larger where a singular value is small."""
    own = [matrix(*shape, seed + number) for number, shape in enumerate(shapes)]
    for found, one in zip(orthogonal(own), own, strict=True):
        torch.testing.assert_close(found, alone(one), rtol=0, atol=5e-4)


def test_nothing_to_follow_is_nothing_to_do() -> None:
    assert not alone(torch.zeros(9, 12)).any()


HIDDEN, HEAD = (16, 8, 3, 3, 3), (3, 16, 3, 3, 3)


def weights() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"hidden": HIDDEN, "linear": (8, 12), "head": HEAD, "first": (16, 1, 3, 3, 3), "bias": (16,)}
    found = {name: torch.randn(shape, generator=generator).requires_grad_() for name, shape in shapes.items()}
    for value in found.values():
        value.grad = torch.randn(value.shape, generator=generator)
    return found


def optimised(decay: float = 0.0, rate: float = 1e-2) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Before and after one step."""
    own = weights()
    before = {name: value.detach().clone() for name, value in own.items()}
    Muon(own.values(), lr=rate, weight_decay=decay, fused=True).step()
    return before, {name: value.detach() for name, value in own.items()}


def test_heads_first_layers_and_biases_are_adamw() -> None:
    _, after = optimised(decay=0.1)
    plain = weights()
    torch.optim.AdamW(plain.values(), lr=1e-2, weight_decay=0.1, fused=True).step()
    for name in ("head", "first", "bias"):
        assert torch.equal(after[name], plain[name])
    for name in ("hidden", "linear"):
        assert not torch.allclose(after[name], plain[name], atol=1e-4)


@pytest.mark.parametrize("name", ["hidden", "linear"])
def test_a_hidden_step_is_orthogonal_and_as_large_as_adams(name: str) -> None:
    before, after = optimised()
    change = ((before[name] - after[name]) / 1e-2).flatten(1)
    assert float(change.square().mean().sqrt()) == pytest.approx(0.2, rel=0.25)
    values = torch.linalg.svdvals(change)
    assert float(values.max() / values.min()) < 2


def test_weights_decay_by_themselves() -> None:
    (before, plain), (_, decayed) = optimised(), optimised(decay=0.5)
    torch.testing.assert_close(plain["hidden"] - decayed["hidden"], 1e-2 * 0.5 * before["hidden"])


def test_momentum_is_nesterovs() -> None:
    """Two steps with gradients g and h follow 0.05 g, then 0.95 (0.95 0.05 g + 0.05 h) + 0.05 h."""
    weight = torch.zeros(8, 8, requires_grad=True)
    muon, gradients = Muon([weight], lr=1.0, weight_decay=0.0, fused=True), [matrix(8, 8, n) for n in (1, 2)]
    for gradient in gradients:
        before = weight.detach().clone()
        weight.grad = gradient.clone()
        muon.step()
    momentum = 0.95 * 0.05 * gradients[0] + 0.05 * gradients[1]
    expected = 0.2 * 8**0.5 * alone(0.95 * momentum + 0.05 * gradients[1])
    torch.testing.assert_close(before - weight.detach(), expected, rtol=0, atol=1e-4)


def test_a_step_left_out_changes_nothing() -> None:
    own = weights()
    muon = Muon(own.values(), lr=1e-2, weight_decay=0.1, fused=True)
    muon.step()
    before = [value.detach().clone() for value in (*own.values(), *optimiser_tensors(muon).values())]
    for value in own.values():
        value.grad = torch.full_like(value, torch.nan)
    vars(muon)["found_inf"] = torch.ones(())
    muon.step()
    after = [value.detach() for value in (*own.values(), *optimiser_tensors(muon).values())]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
