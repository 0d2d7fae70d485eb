"""The law of encoders that give "separate", on every way they can be made."""

from typing import Any

import pytest

from contreg_core.components import Encoder
from contreg_core.conformance.encoder import EncoderCase, alone_and_together_agree
from contreg_plugins.encoders.pyramid import Pyramid
from contreg_plugins.encoders.siamese import Siamese


@pytest.mark.parametrize(
    ("kind", "knobs"),
    [
        (Siamese, {"local_dim": 4}),
        (Siamese, {"projection": "none"}),
        (Pyramid, {"features": (4, 6)}),
        (Pyramid, {"features": (4, 6), "images": True}),
    ],
)
def test_two_alone_are_the_pair(kind: type[Encoder], knobs: dict[str, Any]) -> None:
    alone_and_together_agree(EncoderCase(kind, knobs))
