"""Brains with labels at 2 mm: LPBA40, OASIS-TRT and two patients in three contrasts."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core.inference.images import Brain, find_brain, resample_to, working_grid
from contreg_core.inference.references import read_image, read_labels
from contreg_core.transform.world import Affine
from contreg_core.volume import Volume, to_ras

EDGE_MM = 2.0
_ANTI_ALIASING = 3**0.5 / 2.355
"""Of halving the resolution (Cardoso et al., MICCAI 2015), in voxels."""
_NOT_SCORED = (181, 182)


@dataclass(frozen=True)
class Subject:
    """A brain and its label map on one 2 mm grid."""

    brain: Brain
    labels: NDArray[np.int32]

    @property
    def affine(self) -> Affine:
        """Of the grid."""
        return self.brain.volume.affine


@dataclass(frozen=True)
class Folders:
    """Where the data lie: LPBA40 as its public copy has it, MindBoggle-101's OASIS-TRT-20 volumes, the patients of
    ``muschellij2/open_ms_data`` with a label map ``patientNN-labels.nii.gz`` each (of ``contreg segment`` of the T1).
    """

    lpba40: Path
    oasis: Path
    patients: Path

    def subject(self, name: str) -> Subject:
        """``S01`` ... of LPBA40, ``O1`` ... of OASIS-TRT, ``07-T1`` ... of the patients."""
        return _read(*self._files(name))

    def _files(self, name: str) -> tuple[Path, Path]:
        if name.startswith("S"):
            images = [*self.lpba40.glob(f"t*/{name}*.nii.gz"), self.lpba40 / "fixed.nii.gz"]
            return images[0], self.lpba40 / f"label/{name}.delineation.structure.label.nii.gz"
        if name.startswith("O"):
            folder = self.oasis / f"OASIS-TRT-20-{name[1:]}"
            return folder / "t1weighted_brain.MNI152.nii.gz", folder / "labels.DKT31.manual.MNI152.nii.gz"
        number = name.split("-")[0]
        return self.patients / f"patient{name}.nii.gz", self.patients / f"patient{number}-labels.nii.gz"


@lru_cache(maxsize=32)
def _read(image: Path, labels: Path) -> Subject:
    brain = find_brain(read_image(image))
    grid = working_grid(brain.volume, EDGE_MM)
    smooth = ndimage.gaussian_filter(brain.volume.array.astype(np.float32), _ANTI_ALIASING, mode="nearest")
    mask = resample_to(replace(brain.volume, array=brain.mask.astype(np.uint8)), grid, 0) > 0
    array = np.where(mask, resample_to(replace(brain.volume, array=smooth), grid, 1), np.float32(0))
    known = resample_to(to_ras(read_labels(labels)), grid, 0).astype(np.int32)
    known[np.isin(known, _NOT_SCORED)] = 0
    return Subject(Brain(Volume(array, grid.affine), mask), known)
