"""What a brain is made of at each point, and how bright that is in a T1-weighted image."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from contreg_adapters.synthetic.brain import CommonBrain
from contreg_adapters.synthetic.folds import SULCUS
from contreg_adapters.synthetic.shapes import Array, share

THICKNESS = 3.6
"""Of the cortex, mm."""
_WHITENESS: Mapping[str, float] = {
    "caudate": 0.05,
    "putamen": 0.15,
    "thalamus": 0.5,
    "pallidum": 0.75,
    "hippocampus": 0.0,
}
"""How far the brightness of a deep structure lies from gray (0) to white matter (1)."""


@dataclass(frozen=True)
class TissueContrast:
    """Intensities of one scanner session (arbitrary units, as a T1-weighted image has them)."""

    fluid: float = 38.0
    gray: float = 112.0
    white: float = 172.0

    @classmethod
    def drawn(cls, rng: Generator) -> "TissueContrast":
        """A scanner's own setting: gain and contrasts a few per cent from the common ones."""
        fluid, gray, white = (
            np.array([cls.fluid, cls.gray, cls.white]) * rng.normal(1, 0.04, 3) * rng.uniform(0.85, 1.2)
        )
        return cls(float(fluid), float(gray), float(white))


def intensity(brain: CommonBrain, contrast: TissueContrast, width: float) -> Array:
    """The image without bias and noise, in voxels of ``width`` mm, partial volumes included."""
    image = _cerebrum(brain, contrast, width)
    leaf = _cerebellum(brain, contrast)
    image = _over(image, leaf, share(brain.cerebellum, width))
    image = _over(image, 0.94 * contrast.white, share(brain.stem, 2 * width))
    return _over(image, contrast.fluid, share(brain.ventricles, width))


def _cerebellum(brain: CommonBrain, contrast: TissueContrast) -> Array:
    """A white core whose branches fan out from the fourth ventricle into folia."""
    _, y, z = brain.points
    folia = 0.7 * np.cos(15 * np.arctan2(z + 33, y + 44))
    white = np.maximum(share(brain.cerebellum + 12, 6), folia)
    leaf: Array = contrast.gray + (contrast.white - contrast.gray) * white
    return leaf


def _over(image: Array, value: Array | float, amount: Array) -> Array:
    return image + amount * (value - image)


def _cerebrum(brain: CommonBrain, contrast: TissueContrast, width: float) -> Array:
    """Fluid, then cortex and white matter inside the folds, then the deep gray matter."""
    fluid = brain.cortex.fluid
    wet = np.minimum(share(fluid, width), 2 * SULCUS / width)
    image = np.full_like(fluid, contrast.fluid)
    image = _over(image, contrast.gray, (1 - wet) * share(brain.cortex.hull, width))
    image = _over(image, contrast.white, share(THICKNESS - fluid, width))
    image = _over(image, contrast.white, share(brain.callosum, width))
    for name, part in _WHITENESS.items():
        value = contrast.gray + part * (contrast.white - contrast.gray)
        image = _over(image, value, share(brain.nuclei[name], width))
    return image
