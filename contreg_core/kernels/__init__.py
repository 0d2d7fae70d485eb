"""Fast forms behind ``contreg_core.spatial`` and the windowed losses.

On a CPU they are compiled loops with hand-written gradients; elsewhere the same laws in plain torch.
"""

from contreg_core.kernels.box import box_sum
from contreg_core.kernels.features import carried, carries
from contreg_core.kernels.fit import fits
from contreg_core.kernels.lncc import PlainLNCC, signed_lncc, squared_lncc
from contreg_core.kernels.preimages import searched, searches
from contreg_core.kernels.resizing import resized
from contreg_core.kernels.sampling import sampled, samples
from contreg_core.kernels.shifts import correlated, correlates
from contreg_core.kernels.squaring import squared

__all__ = [
    "PlainLNCC",
    "box_sum",
    "carried",
    "carries",
    "correlated",
    "correlates",
    "fits",
    "resized",
    "sampled",
    "samples",
    "searched",
    "searches",
    "signed_lncc",
    "squared",
    "squared_lncc",
]
