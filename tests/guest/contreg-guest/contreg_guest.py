"""A whole plugin: one loss, its knob, and the hook that brings it."""

from contreg_core.components import Loss
from contreg_core.hookspecs import hookimpl


class Tukey(Loss):
    """Tukey's biweight of the intensity difference (Beaton and Tukey 1974): an outlier cannot dominate it.

    Knobs:
        scale: difference from which on it counts in full.
    """

    name = "tukey"

    def __init__(self, *, scale: float = 0.2):
        super().__init__()
        self.scale = scale

    def forward(self, registration):
        residual = (registration.warped - registration.pair.fixed) / self.scale
        return (1 - (1 - residual.square()).clamp(min=0) ** 3).mean()


@hookimpl
def contreg_components():
    return [Tukey]
