"""A model: encoder, decoder and warper composed; a pair in, a registration out."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from contreg_core import spatial
from contreg_core.boundary import checked_displacement, checked_encoding, checked_field
from contreg_core.components import Decoder, Encoder, Warper
from contreg_core.types import Encoding, Field, Image, Outcome, Pair, Registration


class Learner(nn.Module, ABC):
    """What can be trained: batches of its feed become outcomes, which the terms of an objective read."""

    @abstractmethod
    def study(self, batch: Any, needed: frozenset[str]) -> Outcome:
        """What the model makes of a batch in training, with all that the objective needs."""


class Model(Learner):
    """``model(pair)`` gives a ``Registration`` with ``warped(p) = moving(p + displacement(p)) ~ fixed(p)``.

    Images of any size are accepted: they are padded to the encoder's multiple and the displacement is cropped back.
    """

    gives: ClassVar[frozenset[str]] = frozenset({"swapped"})

    def __init__(self, encoder: Encoder, decoder: Decoder, warper: Warper) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.warper = warper

    def forward(
        self,
        pair: Pair,
        *,
        draw: bool = False,
        inverse: bool = False,
        swapped: bool = False,
        encoding: Encoding | None = None,
    ) -> Registration:
        """Register ``pair``; ``draw`` samples the field instead of its mean, ``inverse`` adds the backward map.

        ``swapped`` adds the registration of the pair with roles exchanged, made in the same way. ``encoding`` is what
        the encoder gave for this pair, where that is known.
        """
        given = self.encoder(self._padded(pair)) if encoding is None else encoding
        encoding = checked_encoding(self.encoder, given, self.encoder.channels)
        field = checked_field(self.decoder, self.decoder(encoding), pair.space)
        found = register_by(field, pair, self.warper, encoding, draw=draw, inverse=inverse)
        if not swapped:
            return found
        return replace(found, swapped=self(pair.swapped(), draw=draw, inverse=inverse))

    def alone(self, image: Image) -> tuple[Tensor, ...]:
        """The encoder's features of one image, for encoders that give ``"separate"``."""
        return self.encoder.alone(spatial.pad_to_multiple(image, self.encoder.multiple))

    def _padded(self, pair: Pair) -> Pair:
        moving, fixed = (
            spatial.pad_to_multiple(image, self.encoder.multiple) for image in (pair.moving, pair.fixed)
        )
        return Pair(moving, fixed, pair.subjects)

    def study(self, batch: Pair, needed: frozenset[str]) -> Registration:
        """Register a training pair.

        The field is sampled only where a term reads its variance. With no divergence to hold it, the variance would
        shrink without end, for the data term alone gains by less noise (Liu et al. 2020, the rows with alpha = 0).
        """
        draw, inverse, swapped = (fact in needed for fact in ("log_variance", "inverse", "swapped"))
        found = self(batch, draw=draw, inverse=inverse, swapped=swapped)
        return found if batch.compared is None else compared(found, self.warper)

    def __call__(
        self,
        pair: Pair,
        *,
        draw: bool = False,
        inverse: bool = False,
        swapped: bool = False,
        encoding: Encoding | None = None,
    ) -> Registration:
        registration: Registration = super().__call__(
            pair, draw=draw, inverse=inverse, swapped=swapped, encoding=encoding
        )
        return registration


def register_by(
    field: Field,
    pair: Pair,
    warper: Warper,
    encoding: Encoding | None = None,
    *,
    draw: bool = False,
    inverse: bool = False,
) -> Registration:
    """The registration a field stands for, in float32: its displacement, cropped to the pair, and the warped image."""
    with torch.autocast(pair.fixed.device.type, enabled=False):
        values = field.draw() if draw else field.expected()
        found = checked_displacement(warper, warper(values, field), pair.space)
        displacement = spatial.crop_to(found, pair.space)
        warped = warper.warp(pair.moving, displacement)
        back = spatial.crop_to(warper.inverse(values, field), pair.space) if inverse else None
        warped_back = None if back is None else warper.warp(pair.fixed, back)
    features = encoding or Encoding(())
    return Registration(pair, features, field, values, displacement, warped, back, warped_back)


def compared(found: Registration, warper: Warper) -> Registration:
    """The registration with what the losses compare in place of what the network saw."""
    theirs = found.pair.compared
    assert theirs is not None
    with torch.autocast(theirs.fixed.device.type, enabled=False):
        warped = warper.warp(theirs.moving, found.displacement)
        back = None if found.inverse is None else warper.warp(theirs.fixed, found.inverse)
    pair = replace(found.pair, moving=theirs.moving, fixed=theirs.fixed)
    swapped = None if found.swapped is None else compared(found.swapped, warper)
    return replace(found, pair=pair, warped=warped, warped_back=back, swapped=swapped)


def parameter_count(module: nn.Module) -> int:
    """Number of trainable values."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
