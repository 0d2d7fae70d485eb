"""Are two brains images of one contrast? Where not, the moving one is given the fixed image's, so that they compare.

After the affine stage the fixed intensities are averaged over the voxels of each moving intensity: the best guess of
one contrast from the other (the conditional mean of the correlation ratio, Roche et al., MICCAI 1998). Of images of one
contrast it rises all the way. Where it does not, every similarity made for one contrast is misled, and the guess is put
in the moving image's place.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core.evaluation.similarity import ncc
from contreg_core.inference.images import GriddedBrain
from contreg_core.inference.prediction import Similarity
from contreg_core.preprocessing.intensity import robust

_BINS = 48
_SHARES = np.linspace(0.02, 0.98, 25)
_RISING = 0.85
"""Correlation of the conditional mean with its rank. 8 pairs of T1 in LPBA40 and OASIS-TRT: 0.96 and more, T1 of two
patients onto OASIS 0.96 and more; their T2 -0.93 to -0.51, FLAIR -0.21 to 0.70."""
_UNRELATED = 0.1
"""What the best function of the moving intensities explains, as a correlation: 0.14 and more in 37 real pairs, least in
T2 of a patient with large ventricles."""


@dataclass(frozen=True)
class Contrast:
    """The relation of two aligned images: ``correlation`` (NCC), ``explained`` (NCC of the best function of the moving
    intensities, the root of the correlation ratio), ``rising`` (is that function a rising line: 1 for one contrast, -1
    for inverted ones). ``mapped`` where the moving image was given the fixed image's contrast.
    """

    correlation: float
    explained: float
    rising: float
    mapped: bool = False

    @property
    def same(self) -> bool:
        """One contrast."""
        return self.rising >= _RISING

    @property
    def related(self) -> bool:
        """Whether the intensities of one tell anything of the other's."""
        return self.explained >= _UNRELATED

    @property
    def note(self) -> str:
        """What was done, for people; empty where nothing was."""
        if not self.mapped:
            return ""
        return (
            f"contrasts differ (intensities rise together by {self.rising:.2f} of 1): the moving image is compared in "
            f"the fixed image's contrast, of which it explains {self.explained:.2f}"
        )

    @property
    def warning(self) -> str:
        """Where neither contrast tells anything of the other."""
        if self.related:
            return ""
        return (
            f"after alignment the intensities of the two images have nothing to do with each other (correlation "
            f"{self.explained:.2f} at best): look at both images"
        )


ONE_CONTRAST = Contrast(1.0, 1.0, 1.0)
"""Where nobody looked."""


def compared(
    moving: GriddedBrain, fixed: GriddedBrain, similarity: Similarity = "auto"
) -> tuple[GriddedBrain, Contrast]:
    """The moving brain as it is compared with the fixed, on whose grid both are, and how the two are related.

    Images of one contrast come back as they are.
    """
    both = moving.mask & fixed.mask
    values, wanted = moving.image[both], fixed.image[both]
    levels, means = conditional_mean(values, wanted)
    if len(levels) < 2:
        return moving, Contrast(0.0, 0.0, 0.0)
    mapped = np.interp(moving.image, levels, means).astype(np.float32)
    found = Contrast(
        ncc(values, wanted), ncc(mapped[both], wanted), _rise(np.interp(_spread(values), levels, means))
    )
    if similarity == "same" or (similarity == "auto" and found.same):
        return moving, found
    image = robust(mapped, moving.mask) if np.ptp(mapped[moving.mask]) else mapped
    return replace(moving, image=image), replace(found, mapped=True)


def conditional_mean(
    moving: NDArray[np.float32], fixed: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(moving intensities, mean fixed intensity at each) of ``(N,)`` pairs: bins of equal count, smoothed by one."""
    edges = np.unique(np.quantile(moving, np.linspace(0, 1, _BINS + 1)[1:-1])) if moving.size else np.empty(0)
    numbers = np.digitize(moving, edges)
    counts = np.bincount(numbers, minlength=len(edges) + 1).astype(np.float64)
    sums, levels = (np.bincount(numbers, one, len(counts)) for one in (fixed, moving))
    there = counts > 0
    smooth = ndimage.gaussian_filter1d
    means = smooth(sums, 1.0, mode="nearest") / np.maximum(smooth(counts, 1.0, mode="nearest"), 1e-9)
    return levels[there] / counts[there], means[there]


def _spread(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Intensities that stand for as many voxels each."""
    return np.asarray(np.quantile(values, _SHARES), np.float64)


def _rise(line: NDArray[np.float64]) -> float:
    """Correlation with the rank: 1 for a line that rises all the way, whatever its shape is not far from straight."""
    return ncc(line, np.arange(len(line), dtype=np.float64))
