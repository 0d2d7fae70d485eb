"""The objective: a weighted sum of named terms over a registration, or over a segmentation beside the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from contreg_core.components import Loss, SegmentationLoss
from contreg_core.errors import UnavailableError
from contreg_core.ranks.embeddings import with_all_embeddings
from contreg_core.types import Outcome

AnyLoss: TypeAlias = Loss | SegmentationLoss


@dataclass(frozen=True)
class Value:
    """``total`` is what is minimised; ``terms`` are the unweighted values by name."""

    total: Tensor
    terms: dict[str, Tensor]


class Objective(nn.Module):
    """``objective(outcome) -> Value``; a term is weight x loss, each averaged per voxel, in float32.

    All losses read what the model gives: registrations, or logits; ``build`` has seen to that.
    """

    def __init__(self, terms: Mapping[str, tuple[float, AnyLoss]]) -> None:
        super().__init__()
        self.weights = {name: weight for name, (weight, _) in terms.items()}
        self.losses = nn.ModuleDict({_key(name): loss for name, (_, loss) in terms.items()})

    def needed(self) -> frozenset[str]:
        """What all terms together need of the model."""
        return frozenset().union(*(loss.needed() for loss in self.terms()))

    def term(self, name: str) -> AnyLoss:
        """The loss behind a term."""
        loss = self.losses[_key(name)]
        assert isinstance(loss, AnyLoss)
        return loss

    def terms(self) -> list[AnyLoss]:
        """Every loss."""
        return [loss for _, loss in self._named()]

    def _named(self) -> list[tuple[str, AnyLoss]]:
        return [(name, self.term(name)) for name in self.weights]

    def coarsened(self, edge: int) -> "Objective":
        """This objective for images averaged over cubes of ``edge`` voxels."""
        terms = {name: (weight, self.term(name)) for name, weight in self.weights.items()}
        coarse = {
            n: (w, loss.coarsened(edge) if isinstance(loss, Loss) else loss) for n, (w, loss) in terms.items()
        }
        return Objective(coarse)

    def forward(self, outcome: Outcome) -> Value:
        """Evaluate every term, outside autocast."""
        with torch.autocast(outcome.device.type, enabled=False):
            whole = with_all_embeddings(outcome) if "embeddings" in self.needed() else outcome
            terms = {name: _scalar(loss, outcome, whole) for name, loss in self._named()}
        total = torch.stack([weight * terms[name] for name, weight in self.weights.items()]).sum()
        return Value(total, terms)

    def __call__(self, outcome: Outcome) -> Value:
        value: Value = super().__call__(outcome)
        return value


def _scalar(loss: AnyLoss, outcome: Outcome, whole: Outcome) -> Tensor:
    """A plugin's loss may give anything; a vector would train on without a word.

    A loss of embeddings compares those of all ranks.
    """
    seen = whole if "embeddings" in loss.needed() else outcome
    value: object = loss(seen)  # type: ignore[arg-type] # it reads this kind of outcome, see build
    if isinstance(value, Tensor) and value.ndim == 0:
        return value
    found = f"a tensor of {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
    raise UnavailableError(
        f"loss '{loss.name}' gave {found}, expected a scalar tensor",
        "for its author: average over the voxels",
    )


def _key(name: str) -> str:
    """ModuleDict keys may hold no dot."""
    return name.replace(".", "_")
