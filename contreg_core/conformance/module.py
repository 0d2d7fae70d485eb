"""Laws of every module: finite, repeatable, each row by itself, learnt by gradient, kept by safetensors."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.law import LeftOutError, demand, laws

AnyCase = Case[Any]
_CLOSE = 1e-3


@torch.no_grad()
def answers_are_finite(case: AnyCase) -> None:
    """Every value is finite, in 2-D and 3-D, for a batch of one and of two, in training and at test."""
    for ndim in case.dimensions:
        for training in (True, False):
            for rows in ((0,), (0, 1)):
                part = case.make(ndim).train(training)
                whole = all(bool(tensor.isfinite().all()) for tensor in case.answer(part, ndim, rows))
                demand(whole, f"nan or infinity in {ndim}-D, batch of {len(rows)}, training={training}")


@torch.no_grad()
def repeats_itself(case: AnyCase) -> None:
    """At test, one seed gives one answer, bit by bit, and asking leaves no trace."""
    for ndim in case.dimensions:
        part = case.make(ndim).eval()
        first, second = _seeded(case, part, ndim), _seeded(case, part, ndim)
        demand(_equal(first, second), f"two answers to one question differ by {_apart(first, second):.3g}")


@torch.no_grad()
def rows_are_independent(case: AnyCase) -> None:
    """At test, a row of a batch gets the answer it gets alone."""
    if not case.splits:
        raise LeftOutError("this kind may compare the rows of a batch")
    for ndim in case.dimensions:
        part = case.make(ndim).eval()
        both = case.answer(part, ndim, (0, 1))
        for number in (0, 1):
            alone = case.answer(part, ndim, (number,))
            own = tuple(tensor[number : number + 1] for tensor in both)
            demand(_close(alone, own), f"row {number} differs by {_apart(alone, own):.3g} in company")


def every_weight_learns(case: AnyCase) -> None:
    """Every weight gets a gradient from the answer, finite, and not all of them zero."""
    for ndim in case.dimensions:
        part = case.make(ndim).train()
        weights = {name: value for name, value in part.named_parameters() if value.requires_grad}
        if not weights:
            raise LeftOutError("it has no weights to train")
        _probe(case.answer(part, ndim, (0, 1))).backward()
        idle = [name for name, value in weights.items() if value.grad is None]
        demand(not idle, f"no gradient reaches {', '.join(idle[:5])}; frozen ones set requires_grad=False")
        wild = [name for name, value in weights.items() if not bool(value.grad.isfinite().all())]
        demand(not wild, f"a gradient that is not finite reaches {', '.join(wild[:5])}")
        demand(any(bool(value.grad.any()) for value in weights.values()), "every gradient is zero")


@torch.no_grad()
def survives_a_checkpoint(case: AnyCase) -> None:
    """Its state is plain tensors: through safetensors into a fresh one of the same knobs, the answer is the same."""
    for ndim in case.dimensions:
        part = case.make(ndim)
        disturb(part)
        state = part.state_dict()
        odd = [name for name, value in state.items() if not isinstance(value, Tensor)]
        demand(not odd, f"state that is no tensor and would need pickle: {', '.join(odd)}")
        fresh = case.another(ndim)
        fresh.load_state_dict(kept(state))
        before, after = _seeded(case, part.eval(), ndim), _seeded(case, fresh.eval(), ndim)
        demand(_equal(before, after), f"the answer differs by {_apart(before, after):.3g} once it is loaded")


@torch.no_grad()
def runs_on_cuda(case: AnyCase) -> None:
    """On a GPU it gives what it gives on the CPU, to a few parts in a thousand."""
    if not torch.cuda.is_available():
        raise LeftOutError("no CUDA device here")
    for ndim in case.dimensions:
        part = case.make(ndim).eval()
        here = _seeded(case, part, ndim)
        there = _seeded(case, part.to("cuda"), ndim, "cuda")
        elsewhere = [str(tensor.device) for tensor in there if tensor.device.type != "cuda"]
        demand(not elsewhere, f"an answer on {elsewhere[:1]}")
        if case.repeats:
            demand(_close(here, there, 1e-2), f"the GPU's answer differs by {_apart(here, there):.3g}")


def _probe(answer: Answer) -> Tensor:
    """A number that every value moves, one that starts at exactly 0 too."""
    return torch.stack([(tensor.float() + 1).square().mean() for tensor in answer]).sum()


def kept(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state as safetensors gives it back."""
    return load(save({name: value.clone().contiguous() for name, value in state.items()}))


def _seeded(case: AnyCase, part: Any, ndim: int, device: str = "cpu") -> Answer:
    torch.manual_seed(3)
    return case.answer(part, ndim, (0, 1), device)


def disturb(part: nn.Module) -> None:
    """Other weights than a constructor draws; a field that starts at 0 would hide much."""
    for number, value in enumerate(part.parameters()):
        value.add_(0.01 * torch.randn(value.shape, generator=torch.Generator().manual_seed(number)))


def _pairs(test: Callable[[Tensor, Tensor], bool], one: Answer, other: Answer) -> bool:
    return len(one) == len(other) and all(
        a.shape == b.shape and test(a, b.to(a.device)) for a, b in zip(one, other, strict=True)
    )


def _equal(one: Answer, other: Answer) -> bool:
    return _pairs(torch.equal, one, other)


def _close(one: Answer, other: Answer, share: float = _CLOSE) -> bool:
    """Apart by less than a share of the largest value: sums in another order round otherwise."""
    return _pairs(lambda a, b: float((a - b).abs().max()) <= share * float(a.abs().max()) + 1e-6, one, other)


def _apart(one: Answer, other: Answer) -> float:
    fitting = [(a, b.to(a.device)) for a, b in zip(one, other, strict=False) if a.shape == b.shape]
    return max((float((a - b).abs().max()) for a, b in fitting), default=float("nan"))


MODULE = laws(
    answers_are_finite,
    repeats_itself,
    rows_are_independent,
    every_weight_learns,
    survives_a_checkpoint,
    runs_on_cuda,
)
