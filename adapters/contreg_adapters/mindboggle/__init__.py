"""Mindboggle-101: brains with 62 cortical labels drawn by hand (Klein and Tourville, Front. Neurosci. 2012)."""

from contreg_adapters.mindboggle.cohort import Mindboggle

__all__ = ["Mindboggle"]
