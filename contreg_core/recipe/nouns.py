"""What a recipe is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.rendering.knobs import Rendering
from contreg_core.scheme import Augmentation, Scheme
from contreg_core.values import Value

Slot: TypeAlias = Literal["encoder", "decoder", "solver", "warper", "segmenter"]
SLOTS: tuple[Slot, ...] = ("encoder", "decoder", "solver", "warper", "segmenter")
Form: TypeAlias = Literal["learned", "solver", "supervised"]
FORMS: Mapping[Form, tuple[Slot, ...]] = {
    "learned": ("encoder", "decoder", "warper"),
    "solver": ("solver", "warper"),
    "supervised": ("segmenter",),
}
"""What a recipe can be, and the components each form is made of: a network that is trained and then predicts, a solver
that optimises every pair anew and needs no training, or a network that learns the labels and registers nothing."""

SECTIONS: Mapping[str, type] = {
    "training": Scheme,
    "augmentation": Augmentation,
    "rendering": Rendering,
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
    """A model, its objective, and how it is trained.

    ``parts`` are its components, those of one of the ``FORMS``; ``losses`` maps a term's key to the term. A solver's
    recipe uses neither ``training`` nor ``augmentation``, and may have no losses where the solver has its own.
    """

    name: str
    summary: str
    parts: Mapping[Slot, Choice]
    losses: Mapping[str, Term]
    training: Scheme = field(default_factory=Scheme)
    augmentation: Augmentation = field(default_factory=Augmentation)
    rendering: Rendering = field(default_factory=Rendering)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)

    @property
    def form(self) -> Form:
        """Which of the ``FORMS`` its parts make."""
        return next(form for form, slots in FORMS.items() if set(slots) == set(self.parts))

    @property
    def cached(self) -> Preprocessing:
        """How the cohort it is trained on is prepared: finer where images are rendered from its label maps."""
        if not self.rendering.labels:
            return self.preprocessing
        return replace(self.preprocessing, spacing=self.preprocessing.spacing / self.rendering.finer)
