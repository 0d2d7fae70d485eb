"""Laws of decoders."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext

import torch

from contreg_core.bfloat16 import bfloat16
from contreg_core.components import Component, Decoder, Encoder
from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.encoder import EncoderCase
from contreg_core.conformance.law import BrokenError, compared_facts, demand, laws, listing
from contreg_core.conformance.partners import RESOLUTIONS, PlainEncoder
from contreg_core.conformance.samples import BOTH
from contreg_core.types import Field, Pair


class DecoderCase(Case[Decoder]):
    """A decoder behind an encoder that gives what it needs and nothing else.

    The kit's own encoder, where that can give it; else one of ``partners`` (the encoders of the same plugin).
    """

    def __init__(
        self,
        cls: type[Component],
        knobs: Mapping[str, object],
        partners: Iterable[type[Component]] = (),
        resolution: str = "full-resolution",
    ) -> None:
        super().__init__(cls, knobs)
        self.partners = [one for one in partners if issubclass(one, Encoder)]
        needed = cls.needs & RESOLUTIONS
        self.facts = (cls.needs - RESOLUTIONS) | (needed or {resolution})

    def encoder(self, ndim: int) -> EncoderCase:
        """What stands before it."""
        if self.facts <= PlainEncoder.gives:
            return EncoderCase(PlainEncoder, {"facts": tuple(sorted(self.facts))})
        fitting = [one for one in self.partners if self.cls.needs <= one.gives]
        if not fitting:
            raise BrokenError(f"no encoder at hand gives {listing(self.cls.needs)}; give partners=[...]")
        return EncoderCase(fitting[0], {})

    def wiring(self, ndim: int) -> tuple[object, ...]:
        """The channels of that encoder."""
        return (self.encoder(ndim).make(ndim).channels, ndim)

    def field(
        self, part: Decoder, ndim: int, rows: tuple[int, ...], device: str = "cpu"
    ) -> tuple[Field, Pair]:
        """The field, and the images it is about."""
        case = self.encoder(ndim)
        encoder = case.make(ndim).eval().to(device)
        pair = case.pair(encoder, ndim, rows)
        with torch.no_grad():
            encoding = encoder(Pair(pair.moving.to(device), pair.fixed.to(device)))
        return part(encoding), pair

    def answer(self, part: Decoder, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu") -> Answer:
        """Mean, then log-variance."""
        field, _ = self.field(part, ndim, rows, device)
        return (field.mean,) if field.log_variance is None else (field.mean, field.log_variance)


def fields_have_their_shape(case: DecoderCase) -> None:
    """``mean`` and ``log_variance`` are ``(B, ndim, *space / scale)``, behind every resolution not ruled out."""
    allowed = case.cls.needs & RESOLUTIONS or RESOLUTIONS
    for resolution in sorted(allowed):
        one = DecoderCase(case.cls, case.knobs, case.partners, resolution)
        for ndim in BOTH:
            field, pair = one.field(one.make(ndim).eval(), ndim, (0, 1))
            expected = (2, ndim, *(-(-size // field.scale) for size in pair.space))
            found = tuple(field.mean.shape)
            told = f"mean of shape {found} with scale {field.scale} behind a {resolution} encoder, expected {expected}"
            demand(found == expected, told)
            variance = field.log_variance
            demand(
                variance is None or variance.shape == field.mean.shape,
                "log_variance of another shape than mean",
            )


def facts_are_true(case: DecoderCase) -> None:
    """What ``given()`` names is there, and what is there is named: "log_variance", "velocity"."""
    for ndim in BOTH:
        part = case.make(ndim).eval()
        field, _ = case.field(part, ndim, (0,))
        demand(field.kind in ("velocity", "displacement"), f"a field of kind {field.kind!r}")
        seen = {"log_variance": field.log_variance is not None, "velocity": field.kind == "velocity"}
        compared_facts(part.given(), seen)


def fields_are_float32(case: DecoderCase) -> None:
    """The field is float32, under bfloat16 autocast too."""
    for ndim in BOTH:
        part = case.make(ndim).eval()
        for mixed in (False, True):
            with bfloat16("cpu") if mixed else nullcontext():
                mean = case.field(part, ndim, (0,))[0].mean
            demand(
                mean.dtype == torch.float32, f"a mean of {mean.dtype}, autocast {'on' if mixed else 'off'}"
            )


DECODER = laws(fields_have_their_shape, facts_are_true, fields_are_float32)
