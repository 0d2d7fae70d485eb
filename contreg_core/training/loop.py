"""The training loop: one generator that yields a report per step. The caller draws bars, logs, validates, saves."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from contreg_core.components import Component
from contreg_core.engine import Engine
from contreg_core.model import Learner
from contreg_core.objective import Objective
from contreg_core.ranks import together
from contreg_core.ranks.gradients import add_up
from contreg_core.scheme import Scheme
from contreg_core.training.averaging import WeightAverage
from contreg_core.training.coarse import EDGE, takes_averaged
from contreg_core.training.feed import Feed
from contreg_core.training.muon import Muon
from contreg_core.training.schedule import learning_rate, total_steps
from contreg_core.training.seeds import derive, seed_torch


@dataclass
class TrainingState:
    """All that changes while training; what a checkpoint holds.

    ``step`` is finished steps, ``total`` planned ones, the first ``coarse`` of them on averaged images;
    ``coarse_seconds`` is what those took.
    """

    model: Learner
    objective: Objective
    optimiser: torch.optim.Optimizer
    average: WeightAverage | None
    total: int
    step: int = 0
    best: float = float("-inf")
    elapsed: float = 0.0
    coarse: int = 0
    coarse_seconds: float = 0.0

    @classmethod
    def start(cls, model: Learner, objective: Objective, scheme: Scheme, feed: Feed) -> "TrainingState":
        """The state before the first step; model and objective are already on their device."""
        average = WeightAverage(model, scheme.ema) if scheme.ema else None
        total = total_steps(scheme, feed.steps_per_epoch)
        small = takes_averaged(model, feed.smallest)
        share = int(scheme.coarse * total) if small else 0
        coarse = min(share, scheme.coarse_steps or share)
        return cls(model, objective, _optimiser(model, objective, scheme), average, total, coarse=coarse)


@dataclass(frozen=True)
class StepReport:
    """Values of one step, still on the device (reading one waits for it)."""

    step: int
    rate: float
    total: Tensor
    terms: dict[str, Tensor]
    gradient_norm: Tensor


def train(state: TrainingState, scheme: Scheme, feed: Feed, engine: Engine) -> Iterator[StepReport]:
    """Train from ``state.step`` to ``state.total``; the caller may change ``state.total`` on the way.

    Bitwise repeatable on a CPU: batches, augmentation and noise are functions of (seed, step). On several ranks each
    studies its share of a batch; gradients, and the values reported, are those of the whole batch.
    """
    needed = state.objective.needed()
    share = engine.ranks.share(scheme.batch_size)
    weights = [p for group in state.optimiser.param_groups for p in group["params"]]
    state.model.train()
    state.objective.train()
    while state.step < state.total:
        rate = learning_rate(scheme, state.step, state.total, feed.steps_per_epoch, coarse=state.coarse)
        for group in state.optimiser.param_groups:
            group["lr"] = rate
        for part in (*state.model.modules(), *state.objective.modules()):
            if isinstance(part, Component):
                part.proceed(state.step / state.total)
        batch = feed.batch(state.step)
        if state.step < state.coarse:
            batch = batch.averaged(EDGE)
        seed_torch("noise", scheme.seed, state.step)
        noise = [derive("noise", scheme.seed, "item", number) for number in share.numbers(state.step)]
        with together(engine.ranks, share, noise, engine.device):
            with engine.autocast():
                outcome = state.model.study(batch, needed)
            value = state.objective(outcome)
            (share.part * value.total).backward()
        own = share.part * torch.stack([value.total, *value.terms.values()]).detach()
        total, *terms = add_up(weights, own, engine.ranks)
        norm = torch.nn.utils.clip_grad_norm_(weights, scheme.clip_norm or torch.inf)
        _step_where_finite(state.optimiser, norm)
        state.optimiser.zero_grad()
        if state.average is not None:
            state.average.update(state.model, state.step)
        state.step += 1
        yield StepReport(state.step, rate, total, dict(zip(value.terms, terms, strict=True)), norm)


_OPTIMISERS: dict[str, type[torch.optim.Adam]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "muon": Muon,
}


def _optimiser(model: Learner, objective: Objective, scheme: Scheme) -> torch.optim.Optimizer:
    parameters = [*model.parameters(), *objective.parameters()]
    return _OPTIMISERS[scheme.optimiser](
        parameters, lr=scheme.learning_rate, betas=scheme.betas, weight_decay=scheme.weight_decay, fused=True
    )


def _step_where_finite(optimiser: torch.optim.Optimizer, norm: Tensor) -> None:
    """A step that a gradient with NaN or Inf leaves out, moments included, decided on the device.

    Fused optimisers take this flag from mixed precision's scaler; reading it here would wait for the device. The norm
    is of the gradient that all ranks share, so that all of them decide alike.
    """
    vars(optimiser)["found_inf"] = (~norm.isfinite()).float()
    optimiser.step()
