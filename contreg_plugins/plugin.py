"""What contreg itself brings, by the same door as a stranger."""

from contreg_core.components import Component
from contreg_core.hookspecs import hookimpl
from contreg_plugins import recipes
from contreg_plugins.decoders.faim import FAIMDecoder
from contreg_plugins.decoders.probabilistic_unet import ProbabilisticUNet
from contreg_plugins.decoders.pyramid import PyramidDecoder
from contreg_plugins.decoders.voxelmorph import VoxelMorphDecoder
from contreg_plugins.encoders.faim import FAIMEncoder
from contreg_plugins.encoders.pyramid import Pyramid
from contreg_plugins.encoders.siamese import Siamese
from contreg_plugins.encoders.voxelmorph import VoxelMorphEncoder
from contreg_plugins.losses.dcl import DCL
from contreg_plugins.losses.fold_penalty import FoldPenalty
from contreg_plugins.losses.gaussian_kl import GaussianKL
from contreg_plugins.losses.infonce import InfoNCE
from contreg_plugins.losses.laplacian_kl import LaplacianKL
from contreg_plugins.losses.lncc import LNCC
from contreg_plugins.losses.local_contrast import LocalContrast
from contreg_plugins.losses.mind import MIND
from contreg_plugins.losses.mse import MSE
from contreg_plugins.losses.ntxent import NTXent
from contreg_plugins.losses.smoothness import GradientL2
from contreg_plugins.solvers.convexadam import ConvexAdam
from contreg_plugins.solvers.logdemons import LogDemons
from contreg_plugins.warpers.displacement import DisplacementWarper
from contreg_plugins.warpers.svf import StationaryVelocity


@hookimpl
def contreg_components() -> list[type[Component]]:
    """Every encoder, decoder, warper, loss and solver in the rooms."""
    return [
        Siamese,
        Pyramid,
        VoxelMorphEncoder,
        FAIMEncoder,
        ProbabilisticUNet,
        PyramidDecoder,
        VoxelMorphDecoder,
        FAIMDecoder,
        DisplacementWarper,
        StationaryVelocity,
        DCL,
        FoldPenalty,
        GaussianKL,
        GradientL2,
        InfoNCE,
        LNCC,
        LaplacianKL,
        LocalContrast,
        MIND,
        MSE,
        NTXent,
        ConvexAdam,
        LogDemons,
    ]


@hookimpl
def contreg_recipes() -> list[str]:
    """Every recipe file."""
    return recipes.texts()
