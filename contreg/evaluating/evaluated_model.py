"""What is evaluated: a model, with the prepared cohort it meets."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from contreg_core.cache import CachedCohort, CachedScan
    from contreg_core.cohort import Protocol
    from contreg_core.evaluation import PairScore
    from contreg_core.inference.evaluate import Register

    Pairs: TypeAlias = Sequence[tuple[CachedScan, CachedScan]]


@dataclass(frozen=True)
class EvaluatedModel:
    """A model made ready: its name, the cohort it meets, how it scores pairs of it.

    ``identity`` tells it from any other. ``register`` is None for a segmenter. ``prediction`` are words for what is
    done to the network's own answer, and by how many references. ``sha256`` is that of the checkpoint, if it is of one.
    ``held_out`` is how many training subjects its recipe holds out for validation.
    """

    name: str
    cohort: "CachedCohort"
    identity: str
    scores: "Callable[[Pairs, Protocol], Iterator[PairScore]]"
    register: "Register | None"
    held_out: int
    prediction: tuple[str, ...] = ()
    sha256: str | None = None
