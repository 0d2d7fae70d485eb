"""The studies contreg itself can read, by the same door as a stranger."""

from contreg_adapters.bids.cohort import Bids
from contreg_adapters.label_maps.cohort import LabelMaps
from contreg_adapters.lpba40.cohort import Lpba40
from contreg_adapters.manifest.cohort import Manifest
from contreg_adapters.mindboggle.cohort import Mindboggle
from contreg_adapters.synthetic.cohort import Synthetic
from contreg_core.cohort import Cohort
from contreg_core.hookspecs import hookimpl


@hookimpl
def contreg_cohorts() -> list[type[Cohort]]:
    """Every cohort adapter."""
    return [Bids, LabelMaps, Lpba40, Manifest, Mindboggle, Synthetic]
