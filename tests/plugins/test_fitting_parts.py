"""Encoders and decoders that do not fit are refused when a recipe is built, not by a shape in the first step."""

import pytest

from contreg_core.errors import MismatchError
from contreg_plugins.decoders.probabilistic_unet import ProbabilisticUNet
from contreg_plugins.decoders.voxelmorph import VoxelMorphDecoder
from contreg_plugins.encoders.pyramid import Pyramid
from contreg_plugins.encoders.siamese import Siamese
from contreg_plugins.encoders.voxelmorph import VoxelMorphEncoder


@pytest.mark.parametrize("decoder", [ProbabilisticUNet, VoxelMorphDecoder])
def test_a_decoder_of_full_resolution_needs_such_an_encoder(
    decoder: type[ProbabilisticUNet] | type[VoxelMorphDecoder],
) -> None:
    assert "full-resolution" in decoder.needs
    assert "full-resolution" in Siamese(1, 2).given() & VoxelMorphEncoder(1, 2).given()
    assert "full-resolution" not in Pyramid(1, 2).given()


def test_widths_of_another_depth_are_refused() -> None:
    with pytest.raises(MismatchError):
        ProbabilisticUNet(VoxelMorphEncoder(1, 2).channels, 2)
