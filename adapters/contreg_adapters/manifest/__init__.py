"""Anyone's images, listed in a CSV file."""

from contreg_adapters.manifest.cohort import Manifest

__all__ = ["Manifest"]
