"""The DKT labels that tell left from right, front from back and top from bottom (cohorts.md)."""

from contreg_adapters.mindboggle.labels import label_table
from contreg_adapters.orientation import Landmarks

LANDMARKS = Landmarks(
    study="Mindboggle-101",
    pairs=tuple((row.id, row.id + 1000) for row in label_table() if row.side == "L"),
    front=(1028, 2028),  # superior frontal
    back=(1011, 2011),  # lateral occipital
    top=(1017, 2017),  # paracentral
    bottom=((1006, 2006),),  # entorhinal
)
