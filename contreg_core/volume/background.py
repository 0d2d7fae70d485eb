"""What lies around the head in an image: 0, or the air of its own scale."""

import numpy as np
from numpy.typing import NDArray

_NEAR = 0.02
"""Share of the image's range within which values are one."""


def background_of(array: NDArray[np.float32]) -> float:
    """The value that an image ``(X, Y, Z)`` has where nothing is: -1024 of a CT, -0.8 of a z-scored head.

    The median of its faces, where half of them and more lie near it. 0 where it is as good, and of an image that is
    cut out of tissue, whose faces tell nothing.
    """
    faces = np.concatenate([np.ravel(np.take(array, (0, -1), axis=axis)) for axis in range(array.ndim)])
    faces = faces.astype(np.float64)
    low, high = np.percentile(array, (1, 99))
    near = _NEAR * float(max(high - low, np.ptp(faces)))
    middle = float(np.median(faces))
    if abs(middle) <= near or (np.abs(faces - middle) <= near).mean() < 0.5:
        return 0.0
    return middle
