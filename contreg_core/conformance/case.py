"""What the laws are tried on: a class, its knobs, and how to ask one of its kind for an answer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from contreg_core.components import Component
from contreg_core.conformance.samples import BOTH

P = TypeVar("P", bound=Component)
Answer = tuple[Tensor, ...]


class Case(ABC, Generic[P]):
    """A component class under test.

    ``splits`` is false where rows of a batch may know of each other, ``repeats`` where answers are drawn at random;
    the laws of every module are tried in ``dimensions``.
    """

    splits = True
    dimensions: tuple[int, ...] = BOTH

    def __init__(self, cls: type[Component], knobs: Mapping[str, object]) -> None:
        self.cls = cls
        self.knobs = dict(knobs)

    def make(self, ndim: int, **changes: object) -> P:
        """A fresh one, its weights drawn from one seed."""
        return self._made(7, ndim, changes)

    def another(self, ndim: int) -> P:
        """A fresh one with other weights."""
        return self._made(8, ndim, {})

    def _made(self, seed: int, ndim: int, changes: Mapping[str, object]) -> P:
        torch.manual_seed(seed)
        cls: Any = self.cls
        part: P = cls(*self.wiring(ndim), **{**self.knobs, **changes})
        part.proceed(0.999)  # as at the end of a run: nothing is frozen, every stage takes part
        return part

    @property
    def repeats(self) -> bool:
        """Whether the answer is the same for every seed."""
        return True

    def wiring(self, ndim: int) -> tuple[object, ...]:
        """The positional arguments of the constructor."""
        return ()

    @abstractmethod
    def answer(self, part: P, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu") -> Answer:
        """All tensors the component answers to the kit's input of these rows."""
