"""What contreg itself brings, by the same door as a stranger."""

from contreg_core.components import Component
from contreg_core.hookspecs import hookimpl
from contreg_plugins import recipes
from contreg_plugins.decoders.faim import FAIMDecoder
from contreg_plugins.decoders.laplacian_pyramid import LaplacianPyramid
from contreg_plugins.decoders.probabilistic_unet import ProbabilisticUNet
from contreg_plugins.decoders.pyramid import PyramidDecoder
from contreg_plugins.decoders.voxelmorph import VoxelMorphDecoder
from contreg_plugins.encoders.faim import FAIMEncoder
from contreg_plugins.encoders.image_pyramid import ImagePyramid
from contreg_plugins.encoders.pyramid import Pyramid
from contreg_plugins.encoders.siamese import Siamese
from contreg_plugins.encoders.voxelmorph import VoxelMorphEncoder
from contreg_plugins.losses.cross_entropy import CrossEntropy
from contreg_plugins.losses.dcl import DCL
from contreg_plugins.losses.fold_penalty import FoldPenalty
from contreg_plugins.losses.gaussian_kl import GaussianKL
from contreg_plugins.losses.gradicon import GradICON
from contreg_plugins.losses.icon import ICON
from contreg_plugins.losses.infonce import InfoNCE
from contreg_plugins.losses.laplacian_kl import LaplacianKL
from contreg_plugins.losses.lncc import LNCC
from contreg_plugins.losses.local_contrast import LocalContrast
from contreg_plugins.losses.mind import MIND
from contreg_plugins.losses.mse import MSE
from contreg_plugins.losses.multiscale_lncc import MultiscaleLNCC
from contreg_plugins.losses.ntxent import NTXent
from contreg_plugins.losses.smoothness import GradientL2
from contreg_plugins.losses.soft_dice import SoftDice
from contreg_plugins.losses.structure_dice import StructureDice
from contreg_plugins.segmenters.unet import UNet
from contreg_plugins.solvers.convexadam import ConvexAdam
from contreg_plugins.solvers.instance_opt import InstanceOpt
from contreg_plugins.solvers.logdemons import LogDemons
from contreg_plugins.solvers.svf_adam import SVFAdam
from contreg_plugins.solvers.utilzreg import GeodesicShooting
from contreg_plugins.warpers.displacement import DisplacementWarper
from contreg_plugins.warpers.svf import StationaryVelocity


@hookimpl
def contreg_components() -> list[type[Component]]:
    """Every encoder, decoder, solver, warper, segmenter and loss in the rooms."""
    return [
        Siamese,
        Pyramid,
        VoxelMorphEncoder,
        FAIMEncoder,
        ImagePyramid,
        ProbabilisticUNet,
        PyramidDecoder,
        VoxelMorphDecoder,
        FAIMDecoder,
        LaplacianPyramid,
        GeodesicShooting,
        InstanceOpt,
        SVFAdam,
        DisplacementWarper,
        StationaryVelocity,
        UNet,
        CrossEntropy,
        DCL,
        FoldPenalty,
        GaussianKL,
        GradICON,
        GradientL2,
        ICON,
        InfoNCE,
        LNCC,
        LaplacianKL,
        LocalContrast,
        MIND,
        MSE,
        MultiscaleLNCC,
        NTXent,
        SoftDice,
        StructureDice,
        ConvexAdam,
        LogDemons,
    ]


@hookimpl
def contreg_recipes() -> list[str]:
    """Every recipe file."""
    return recipes.texts()
