"""Which label each point of a brain bears: the ids of LPBA40."""

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.synthetic.brain import CommonBrain
from contreg_adapters.synthetic.folds import Cortex

_CROWN, _BANK = 15.0, 5.0
"""How far a cortical label reaches, mm: below the surface of the brain, and around the bottom of a sulcus."""


def _cortical(cortex: Cortex) -> NDArray[np.bool_]:
    """Gyri with the white matter in them, as LPBA40 delineates them."""
    near: NDArray[np.bool_] = (cortex.depth < _CROWN) | (cortex.fluid < _BANK)
    return near & (cortex.hull < 0)


def labels(brain: CommonBrain) -> NDArray[np.int16]:
    """LPBA40 label ids: odd on the left (x < 0), even on the right; 0 where nothing is named."""
    named = _cortical(brain.cortex) & (brain.callosum > 0)
    ids = np.where(named, brain.cortex.parcels.ids, 0)
    ids[brain.nuclei["thalamus"] < 1] = 0
    ids[brain.nuclei["pallidum"] < 0] = 0
    for id_, name in ((166, "hippocampus"), (162, "caudate"), (164, "putamen")):
        ids[brain.nuclei[name] < 0] = id_
    ids[brain.ventricles < 0] = 0
    ids = np.where((brain.points[0] < 0) & (ids > 0), ids - 1, ids)
    ids[brain.stem < 0] = 182
    ids[(brain.cerebellum < 0) & (brain.cerebellum < brain.stem)] = 181
    return ids.astype(np.int16)
