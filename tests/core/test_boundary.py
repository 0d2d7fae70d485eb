"""A component that answers something else than its kind must is named, before torch complains in words of its own."""

import pytest
import torch

from contreg_core.components import Decoder, Encoder, Warper
from contreg_core.errors import UnavailableError
from contreg_core.model import Model
from contreg_core.types import Encoding, Field, Pair


class Images(Encoder):
    """Both images."""

    name = "images"
    channels = (2,)
    multiple = 2

    def forward(self, pair):
        return Encoding((torch.cat((pair.moving, pair.fixed), dim=1),))


class Answering(Decoder):
    """Whatever it is told."""

    name = "theirs"

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, encoding):
        return self.answer(encoding.features[0])


class Telling(Warper):
    """Whatever it is told."""

    name = "theirs"

    def __init__(self, answer=lambda values: values):
        super().__init__()
        self.answer = answer

    def forward(self, values, field):
        return self.answer(values)


PAIR = Pair(torch.rand(1, 1, 7, 6), torch.rand(1, 1, 7, 6))


def still(features, **changes):
    return Field(torch.zeros_like(features), **changes)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (lambda features: features, "a Tensor, expected a Field"),
        (lambda features: Field(features[:, :1]), "shape (1, 1, 8, 6)"),
        (lambda features: Field(features[..., :2]), "a field of scale 1 of shape (1, 2, 8, 2), float32"),
        (lambda features: Field(features.long()), "int64"),
        (lambda features: Field(features, features[..., :3]), "shape (1, 2, 8, 3)"),
    ],
)
def test_a_decoder_is_named(answer, found: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        Model(Images(), Answering(answer), Telling())(PAIR)
    assert caught.value.message.startswith("decoder 'theirs' gave ")
    assert found in caught.value.message
    assert "contreg plugins check" in caught.value.hint


def test_a_warper_is_named() -> None:
    with pytest.raises(UnavailableError, match="warper 'theirs' gave a displacement of shape"):
        Model(Images(), Answering(still), Telling(lambda values: values[..., 1:, 1:-1]))(PAIR)
    with pytest.raises(UnavailableError, match="warper 'theirs' gave a NoneType"):
        Model(Images(), Answering(still), Telling(lambda values: None))(PAIR)


def test_an_encoder_is_named() -> None:
    encoder = Images()
    encoder.channels = (3,)
    with pytest.raises(UnavailableError, match="encoder 'images' gave features of"):
        Model(encoder, Answering(still), Telling())(PAIR)


def test_what_fits_passes() -> None:
    assert Model(Images(), Answering(still), Telling())(PAIR).displacement.shape == (1, 2, 7, 6)
