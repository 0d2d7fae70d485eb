"""Volumes as bytes a page can hold: 8 bits a voxel, differences along the last axis, deflate, base64.

The page undoes it exactly (``codes.js``), so its views are the numbers to 1/255 of the stated range, not a picture.
"""

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg.reporting.example import Array, Example

LOG_RANGE = 1.5
Packed = dict[str, Any]


def pack(values: NDArray[np.uint8], *, smooth: bool) -> Packed:
    """Bytes in C order; ``smooth`` stores differences of neighbours, which deflate far better for images."""
    flat = np.ascontiguousarray(values).reshape(-1)
    stored = np.diff(flat, prepend=flat.dtype.type(0)) if smooth else flat
    return {"data": base64.b64encode(zlib.compress(stored.tobytes(), 9)).decode("ascii"), "smooth": smooth}


def pack_range(values: Array, low: float, high: float) -> Packed:
    """Codes 0..255 for ``low``..``high``, clipped."""
    scaled = np.rint((np.clip(values, low, high) - low) * (255 / ((high - low) or 1.0)))
    return {**pack(scaled.astype(np.uint8), smooth=True), "low": low, "high": high}


def intensity_window(example: Example) -> tuple[float, float]:
    """The grey window of all images of the pair: from 0 (or percentile 0.5) to a little over percentile 99.8."""
    inside = example.fixed[example.mask] if example.mask.any() else example.fixed
    low, high = (float(value) for value in np.percentile(inside, (0.5, 99.8)))
    return min(low, 0.0) if low < 0.1 * high else low, high + 0.06 * (high - low)


def pack_log_jacobian(determinant: Array) -> Packed:
    """Code 0 for a fold (``det <= 0``), 1..255 for log J from -1.5 to 1.5."""
    folded = determinant <= 0
    values = np.log(np.where(folded, 1.0, determinant)).clip(-LOG_RANGE, LOG_RANGE)
    codes = 1 + np.rint((values + LOG_RANGE) * (254 / (2 * LOG_RANGE)))
    return {
        **pack(np.where(folded, 0, codes).astype(np.uint8), smooth=True),
        "low": -LOG_RANGE,
        "high": LOG_RANGE,
    }


def pack_labels(labels: Array, ids: Sequence[int]) -> Packed:
    """Position of each id in ``ids`` plus one; everything else is 0, the background."""
    lookup = np.zeros(int(max([0, *ids, labels.max(initial=0)])) + 1, np.uint8)
    lookup[list(ids)] = np.arange(1, len(ids) + 1)
    return pack(lookup[labels], smooth=False)


def pack_example(example: Example) -> dict[str, Packed]:
    """Every volume the viewer needs, by name."""
    low, high = intensity_window(example)
    packed = {name: pack_range(getattr(example, name), low, high) for name in ("moving", "fixed", "warped")}
    for axis in range(3):
        reach = max(float(np.abs(example.displacement[axis]).max()), 0.01)
        packed[f"u{axis}"] = pack_range(example.displacement[axis], -reach, reach)
    packed["mask"] = pack(example.mask.astype(np.uint8), smooth=False)
    packed["logj"] = pack_log_jacobian(example.determinant)
    if example.deviation is not None:
        inside = example.deviation[example.mask] if example.mask.any() else example.deviation
        low, high = (float(value) for value in np.percentile(inside, (0.5, 99.5)))
        packed["deviation"] = pack_range(example.deviation, low, max(high, low + 1e-6))
    return packed | _label_maps(example)


def _label_maps(example: Example) -> dict[str, Packed]:
    # One byte a voxel holds 255 labels; a study with more keeps its first ones.
    ids = [label.id for label in example.labels][:255]
    maps = {
        "moving_labels": example.moving_labels,
        "fixed_labels": example.fixed_labels,
        "carried": example.carried,
    }
    return {name: pack_labels(labels, ids) for name, labels in maps.items() if labels is not None}
