"""LPBA40: 40 adults, 56 structures drawn by hand (Shattuck et al., NeuroImage 2008)."""

from contreg_adapters.lpba40.cohort import Lpba40

__all__ = ["Lpba40"]
