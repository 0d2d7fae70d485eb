"""What this plugin brings."""

from contreg_anatomix_like.loss import FeatureDifference
from contreg_core.components import Loss
from contreg_core.hookspecs import hookimpl

CONTREG_API = 1


@hookimpl
def contreg_components() -> list[type[Loss]]:
    """One loss."""
    return [FeatureDifference]
