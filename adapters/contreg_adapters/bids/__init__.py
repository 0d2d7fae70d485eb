"""Derivatives in the Brain Imaging Data Structure (Gorgolewski et al., Sci. Data 2016)."""

from contreg_adapters.bids.cohort import Bids

__all__ = ["Bids"]
