"""Everything keeps the laws of its kind; smaller networks than the defaults keep that quick."""

from contreg_core import conformance

test_conformance = conformance.tests_of(
    "contreg_monai.plugin",
    monai_voxelmorph={"features": (4, 6, 6, 8), "final": (4, 4)},
    monai_localnet={"width": 4, "depth": 2},
    monai_globalnet={"size": 16, "width": 4, "depth": 2},
)
