"""Folders of label maps alone."""

from contreg_adapters.label_maps.cohort import LabelMaps

__all__ = ["LabelMaps"]
