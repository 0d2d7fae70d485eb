"""The embedded cohort: procedural brains, grown from a seed, with LPBA40's labels and known displacements."""

from contreg_adapters.synthetic.cohort import Synthetic
from contreg_adapters.synthetic.layouts import write_layout
from contreg_adapters.synthetic.mindboggle import write_mindboggle

__all__ = ["Synthetic", "write_layout", "write_mindboggle"]
