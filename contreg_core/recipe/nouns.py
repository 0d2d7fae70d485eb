"""What a recipe is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.scheme import Augmentation, Scheme
from contreg_core.values import Value

Slot: TypeAlias = Literal["encoder", "decoder", "warper"]
SLOTS: tuple[Slot, ...] = ("encoder", "decoder", "warper")

SECTIONS: Mapping[str, type] = {
    "training": Scheme,
    "augmentation": Augmentation,
    "preprocessing": Preprocessing,
}
"""The tables of a recipe that hold settings rather than a component."""


@dataclass(frozen=True)
class Choice:
    """A component by name, with the knobs that differ from its defaults (all of them once resolved)."""

    name: str
    knobs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Term:
    """``weight`` times a loss; the weight is positive."""

    weight: float
    choice: Choice


@dataclass(frozen=True)
class Recipe:
    """A model, its objective, and how it is trained. ``losses`` maps a term's key to the term."""

    name: str
    summary: str
    encoder: Choice
    decoder: Choice
    warper: Choice
    losses: Mapping[str, Term]
    training: Scheme = field(default_factory=Scheme)
    augmentation: Augmentation = field(default_factory=Augmentation)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
