"""InfoNCE with a queue: oracles.md."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core.errors import MismatchError
from contreg_core.types import Embeddings, Registration
from contreg_plugins.losses.infonce import InfoNCE
from contreg_plugins.losses.ntxent import NTXent

Build = Callable[..., Registration]
DISTINCT = torch.arange(8).view(4, 2)


def units(count: int, dim: int = 64) -> Tensor:
    return F.normalize(torch.randn(count, dim), dim=1)


def at(build: Build, moving: Tensor, fixed: Tensor, subjects: Tensor | None) -> Registration:
    return build(embeddings=Embeddings(moving, fixed), subjects=subjects)


@pytest.mark.parametrize("subjects", [DISTINCT, None])
def test_without_queue_and_clashes_it_is_ntxent(build: Build, subjects: Tensor | None) -> None:
    registration = at(build, units(4), units(4), subjects)
    found = InfoNCE(temperature=0.5)(registration)
    torch.testing.assert_close(found, NTXent(temperature=0.5)(registration))


def test_a_queue_of_orthogonal_vectors_adds_one_each(build: Build) -> None:
    moving = torch.tensor([[1.0, 0, 0]])
    loss = InfoNCE(temperature=0.5, dim=3)
    for step in range(3):
        loss(
            at(build, torch.tensor([[0.0, 0, 1]]), torch.tensor([[0.0, 0, 1]]), torch.full((1, 2), 10 + step))
        )
    found = loss.eval()(at(build, moving, moving, torch.tensor([[0, 1]])))
    assert found.item() == pytest.approx(math.log(math.exp(2) + 6) - 2, rel=1e-5)


def test_one_person_everywhere_gives_zero_with_a_gradient(build: Build) -> None:
    moving = units(3).requires_grad_()
    found = InfoNCE()(at(build, moving, units(3), torch.zeros(3, 2, dtype=torch.int64)))
    assert found.item() == pytest.approx(0, abs=1e-6)
    (gradient,) = torch.autograd.grad(found, moving)
    assert torch.isfinite(gradient).all()


def test_people_shared_by_two_pairs_are_not_pushed_apart(build: Build) -> None:
    shared = torch.tensor([[0, 1], [1, 2]])
    moving, fixed = units(2), units(2)
    assert InfoNCE()(at(build, moving, fixed, shared)).item() == pytest.approx(0, abs=1e-6)
    assert InfoNCE()(at(build, moving, fixed, DISTINCT[:2])).item() > 0


def test_unmasked_everything_but_an_image_and_its_partner_is_a_negative(build: Build) -> None:
    one = torch.zeros(4, 2, dtype=torch.int64)
    moving, fixed = units(4), units(4)
    found = InfoNCE(masked=False)(at(build, moving, fixed, one))
    torch.testing.assert_close(found, InfoNCE()(at(build, moving, fixed, DISTINCT)))


def test_queued_vectors_carry_no_gradient_and_are_saved(build: Build) -> None:
    loss = InfoNCE(queue=6)
    for _ in range(3):
        loss(at(build, units(2).requires_grad_(), units(2), DISTINCT[:2]))
    state = loss.state_dict()
    torch.testing.assert_close(state["entries"].norm(dim=1), torch.ones(6))
    assert not any(tensor.requires_grad for tensor in state.values())


def test_evaluation_leaves_the_queue_alone(build: Build) -> None:
    loss = InfoNCE().eval()
    loss(at(build, units(2), units(2), DISTINCT[:2]))
    assert not loss.entries.any()
    assert loss.clock == 0


def test_old_entries_are_not_used(build: Build) -> None:
    loss = InfoNCE(max_age=1)
    query = at(build, units(1), units(1), torch.tensor([[0, 1]]))
    loss(at(build, units(1), units(1), torch.tensor([[2, 3]])))
    assert loss.eval()(query).item() > 0
    loss.clock += 5
    assert loss(query).item() == pytest.approx(0, abs=1e-6)


def test_batch_of_one_with_an_empty_queue_is_zero(build: Build) -> None:
    moving = units(1).requires_grad_()
    found = InfoNCE()(at(build, moving, units(1), None))
    found.backward()
    assert found.item() == pytest.approx(0, abs=1e-6)
    assert moving.grad is not None
    assert torch.isfinite(moving.grad).all()


def test_decoupled_leaves_the_positive_out(build: Build) -> None:
    registration = at(build, units(4), units(4), DISTINCT)
    assert InfoNCE(decoupled=True)(registration) < InfoNCE()(registration)


def test_another_length_of_embedding_is_an_error_with_the_remedy(build: Build) -> None:
    with pytest.raises(MismatchError, match=r"loss\.infonce\.dim=5"):
        InfoNCE()(at(build, units(2, 5), units(2, 5), None))
