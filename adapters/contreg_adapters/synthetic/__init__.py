"""The embedded cohort: procedural brains, grown from a seed, with LPBA40's labels and known displacements."""

from contreg_adapters.synthetic.cohort import Synthetic
from contreg_adapters.synthetic.layouts import write_layout

__all__ = ["Synthetic", "write_layout"]
