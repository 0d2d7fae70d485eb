"""What this plugin brings."""

from contreg_core.components import Component
from contreg_core.hookspecs import hookimpl
from contreg_monai.losses import BendingEnergy, LocalCorrelation, MutualInformation
from contreg_monai.networks import MonaiGlobalNet, MonaiLocalNet, MonaiVoxelMorph

CONTREG_API = 1

RECIPE = """
name = "{name}"
summary = "{summary}"

[encoder]
name = "image-pyramid"
levels = 1

[decoder]
name = "{name}"

[warper]
name = "{warper}"

[loss.monai-lncc]
weight = 1.0
{smoothness}
[training]
steps = 20000
learning_rate = 1e-4
"""
SMOOTHNESS = """
[loss.monai-bending-energy]
weight = 0.5
"""


@hookimpl
def contreg_components() -> list[type[Component]]:
    """Three losses, three networks."""
    losses: list[type[Component]] = [LocalCorrelation, MutualInformation, BendingEnergy]
    return [*losses, MonaiVoxelMorph, MonaiLocalNet, MonaiGlobalNet]


@hookimpl
def contreg_recipes() -> list[str]:
    """One for each network."""
    return [
        _recipe("monai-voxelmorph", "MONAI's VoxelMorph, a velocity integrated", "svf", SMOOTHNESS),
        _recipe("monai-localnet", "MONAI's LocalNet", "displacement", SMOOTHNESS),
        _recipe("monai-globalnet", "MONAI's GlobalNet: a learned affine map", "displacement", ""),
    ]


def _recipe(name: str, summary: str, warper: str, smoothness: str) -> str:
    return RECIPE.format(name=name, summary=summary, warper=warper, smoothness=smoothness)
