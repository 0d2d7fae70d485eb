"""Images rendered from label maps: training pairs of any contrast, grown on the device, their common truth known."""

from contreg_core.rendering.knobs import Rendering

__all__ = ["Rendering"]
