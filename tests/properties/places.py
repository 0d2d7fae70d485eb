"""Where voxels may be, for the laws of files and of maps."""

import numpy as np
from hypothesis import strategies as st

turns = st.lists(st.floats(-3, 3), min_size=3, max_size=3)
spacings = st.lists(st.floats(0.3, 4), min_size=3, max_size=3)
offsets = st.lists(st.floats(-150, 150), min_size=3, max_size=3)


@st.composite
def affines(draw: st.DrawFn) -> np.ndarray:
    """Any rotation, spacing and place; half of them mirrored."""
    columns, _ = np.linalg.qr(np.eye(3) + np.cross(np.eye(3), draw(turns)))
    affine = np.eye(4)
    affine[:3, :3] = columns @ np.diag(draw(spacings)) @ np.diag([draw(st.sampled_from([-1, 1])), 1, 1])
    affine[:3, 3] = draw(offsets)
    return affine
