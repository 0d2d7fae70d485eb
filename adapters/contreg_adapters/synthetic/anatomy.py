"""Where things are in the common brain: hulls, ventricles, nuclei. Millimetres, RAS+, near MNI152 coordinates.

Every function takes points ``(3, N)`` folded onto the right half (``shapes.mirrored``) and returns signed distances.
"""

import numpy as np

from contreg_adapters.synthetic.shapes import Array, blend, carve, column, ellipsoid, tube

CENTRE = (0.0, -17.0, 8.0)
"""The middle of the field of view."""

_HORNS = (
    ((9, 33, 2, 3), (8, 14, 14, 4), (9, -10, 21, 4), (18, -32, 18, 5), (27, -42, 8, 6), (25, -62, 7, 2)),
    ((27, -42, 8, 6), (35, -28, -8, 2.5), (31, -8, -19, 2)),
)
_CAUDATE = ((14, 19, 1, 6.5), (16, 6, 13, 5), (18, -14, 21, 3.5))
_HIPPOCAMPUS = ((24, -9, -20, 6.5), (28, -24, -13, 5.5), (26, -36, -3, 4.5))
_STEM = ((0, -20, -6, 11), (0, -25, -20, 12), (0, -25, -32, 14), (0, -32, -45, 9), (0, -42, -68, 7))


def cerebrum(points: Array) -> Array:
    """The outer hull of the hemispheres, sulci closed."""
    narrowed = points / np.stack([1 - 0.0014 * (points[1] + 17), *np.ones((2, points.shape[1]))])
    dome = ellipsoid(narrowed, (0, -17, 19), (68, 88, 59))
    dome = carve(dome, _floor(points), 10.0)
    temporal = ellipsoid(points, (43, -15, -19), (22, 39, 24))
    bridge = ellipsoid(points, (33, -52, -5), (26, 36, 19))
    return blend(blend(dome, bridge, 8.0), temporal, 6.0)


def _floor(points: Array) -> Array:
    """Height above the base (negative below): the orbits in front, the tentorium (highest at the midline) behind."""
    y = points[1]
    behind = 1 / (1 + np.exp((y + 42) / 6))
    height = -24 + behind * (14 - 0.15 * points[0])
    above: Array = points[2] - height
    return above


def cerebellum(points: Array) -> Array:
    """Two hemispheres and the vermis."""
    lobe = ellipsoid(points, (24, -64, -36), (29, 27, 23))
    return blend(lobe, ellipsoid(points, (0, -63, -31), (14, 24, 24)), 8.0)


def brainstem(points: Array) -> Array:
    """Midbrain, pons and medulla."""
    return tube(points, _STEM)


def ventricles(points: Array) -> Array:
    """Lateral ventricles with their three horns, third and fourth ventricle."""
    lateral = np.minimum(tube(points, _HORNS[0]), tube(points, _HORNS[1]))
    third = ellipsoid(points, (0, -13, 2), (2.2, 14, 9))
    fourth = ellipsoid(points, (0, -43, -33), (6, 5, 9))
    return np.minimum(np.minimum(lateral, third), fourth)


def callosum(points: Array) -> Array:
    """The corpus callosum: an arch of white matter across the midline, open below."""
    arch = np.abs(_core(points) + 4.5) - 3.2
    return carve(carve(arch, 11 - points[0], 6.0), points[2] + 6, 6.0)


def _core(points: Array) -> Array:
    """Distance in the midsagittal plane to the ellipse that the longitudinal fissure does not enter."""
    flat = np.stack([np.zeros_like(points[0]), points[1], points[2]])
    return ellipsoid(flat, (0, -7, 1), (1e6, 39, 29))


def fissure(points: Array) -> Array:
    """Distance to the sheet between the hemispheres, which ends at the callosum."""
    distance: Array = np.hypot(points[0], np.maximum(-_core(points), 0))
    return distance


def sylvian(points: Array) -> Array:
    """Distance to the lateral fissure: a slit from the outside to the insula, and the cleft over the insula."""
    x, y, z = points
    rise = (z - (2 - 0.42 * (y + 8))) * 0.92
    slit = np.sqrt(rise**2 + np.maximum(43 - x, 0) ** 2 + np.maximum(np.abs(y + 6) - 34, 0) ** 2)
    flat = np.stack([np.zeros_like(x), y, rise])
    over = ellipsoid(flat, (0, 2, 0), (1e6, 23, 11))
    cleft = np.hypot(x - 42 + 0.012 * (y - 2) ** 2 * 0.5, np.maximum(over, 0))
    distance: Array = np.minimum(slit, cleft)
    return distance


def nuclei(points: Array) -> dict[str, Array]:
    """Distances to the deep gray structures, by name."""
    return {
        "caudate": tube(points, _CAUDATE),
        "putamen": ellipsoid(points, (26, 4, 0), (6.5, 17, 10.5)),
        "pallidum": ellipsoid(points, (18.5, -3, -1), (4.5, 9, 6.5)),
        "thalamus": ellipsoid(points, (11, -19, 8), (9.5, 15, 10)),
        "hippocampus": tube(points, _HIPPOCAMPUS),
    }


def outward(points: Array) -> tuple[Array, Array]:
    """Points pushed from the middle of their hemisphere onto an ellipsoid about it, and their radius there (1 = on it).

    What is read at the pushed points runs straight in from the surface, as a sulcus does.
    """
    centre, radii = column((30, -17, 16)), column((37, 86, 58))
    radius = np.maximum(np.sqrt((((points - centre) / radii) ** 2).sum(0)), 0.25)
    return centre + (points - centre) / radius, radius
