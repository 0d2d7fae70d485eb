"""``check_component``: the laws of a component's kind, tried on it."""

from collections.abc import Iterable, Mapping
from typing import Any

from contreg_core.components import (
    Component,
    Decoder,
    Encoder,
    Loss,
    SegmentationLoss,
    Segmenter,
    Solver,
    Warper,
)
from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.declaration import CHOICES, DECLARATION
from contreg_core.conformance.decoder import DECODER, DecoderCase
from contreg_core.conformance.encoder import ENCODER, EncoderCase
from contreg_core.conformance.law import Law, try_laws
from contreg_core.conformance.loss import LOSS, LossCase
from contreg_core.conformance.module import MODULE
from contreg_core.conformance.report import Report
from contreg_core.conformance.segmentation_loss import SEGMENTATION_LOSS, SegmentationLossCase
from contreg_core.conformance.segmenter import SEGMENTER, SegmenterCase
from contreg_core.conformance.solver import SOLVER, SolverCase
from contreg_core.conformance.warper import WARPER, WarperCase

KIND_LAWS: Mapping[type[Component], list[Law[Any]]] = {
    Encoder: ENCODER,
    Decoder: DECODER,
    Warper: WARPER,
    Loss: LOSS,
    SegmentationLoss: SEGMENTATION_LOSS,
    Solver: SOLVER,
    Segmenter: SEGMENTER,
}
_CASES: Mapping[type[Component], type[Case[Any]]] = {
    Encoder: EncoderCase,
    Decoder: DecoderCase,
    Warper: WarperCase,
    Loss: LossCase,
    SegmentationLoss: SegmentationLossCase,
    Solver: SolverCase,
    Segmenter: SegmenterCase,
}


def check_component(
    cls: type[Component], *, partners: Iterable[type[Component]] = (), **knobs: object
) -> Report:
    """Try every law of the component's kind, with ``knobs`` or the defaults.

    ``partners`` are encoders for a decoder that needs a fact of its own making. Gives the report, or raises
    ``NonconformanceError`` with one line for every law that failed, what was found and what was expected.
    """
    return try_component(cls, partners=partners, **knobs).demand()


def try_component(
    cls: type[Component], *, partners: Iterable[type[Component]] = (), **knobs: object
) -> Report:
    """As ``check_component``, but a failure is only in the report."""
    kind = _kind(cls)
    case = DecoderCase(cls, knobs, partners) if kind is Decoder else _CASES.get(kind, _Unknown)(cls, knobs)
    known = KIND_LAWS.get(kind, [])
    first = [law for law in known if law.decisive]
    then = [law for law in known if not law.decisive]
    return try_laws(subject(cls), [*DECLARATION, *first, *MODULE, *then, *CHOICES], case)


def laws_of(kind: type[Component]) -> list[Law[Any]]:
    """Every law of a kind, in the order in which they are tried."""
    return [*DECLARATION, *KIND_LAWS[kind], *MODULE, *CHOICES]


def subject(cls: type) -> str:
    """``loss 'lncc'``."""
    return f"{getattr(cls, 'kind', 'class')} '{getattr(cls, 'name', cls.__name__)}'"


def _kind(cls: type) -> type[Component]:
    return next((kind for kind in KIND_LAWS if isinstance(cls, type) and issubclass(cls, kind)), Component)


class _Unknown(Case[Component]):
    """A class of no kind: the first law says so."""

    def answer(self, part: Component, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu") -> Answer:
        """Nothing."""
        return ()
