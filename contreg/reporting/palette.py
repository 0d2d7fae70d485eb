"""The colours of the viewer and of the figure, in one place."""

import math

from contreg_core.cohort import Label

DIVERGING = ("#a9d3ff", "#3d8fe0", "#173a63", "#050608", "#5c3713", "#e08a2e", "#ffe3b0")
"""Blue below 0, dark at 0, orange above: dark in the middle, for panels that are dark."""
SEQUENTIAL = ("#000000", "#3b1470", "#8c2981", "#de4968", "#fe9f6d", "#fcfdbf")
FOLD = "#ff2a2a"
FIXED = "#35d0f5"
CARRIED = "#ffb020"
PANEL = "#000000"


def label_colours(labels: list[Label]) -> list[str]:
    """One colour a label as ``#rrggbb``, left and right of one structure alike, neighbours in the table far apart."""
    structures = list(dict.fromkeys(_structure(label) for label in labels))
    return [_colour(structures.index(_structure(label))) for label in labels]


def _structure(label: Label) -> str:
    words = label.name.split()
    return " ".join(word for word in words if word.upper().strip("().,") not in {"L", "R", "LEFT", "RIGHT"})


def _colour(number: int) -> str:
    # Steps of the golden ratio never repeat a hue; lightness changes with a period of three.
    hue = 2 * math.pi * ((number * 0.61803398875 + 0.08) % 1.0)
    return oklch((0.74, 0.64, 0.82)[number % 3], 0.125, hue)


def oklch(lightness: float, chroma: float, hue: float) -> str:
    """A colour of even brightness as ``#rrggbb`` (Ottosson 2020, Oklab in polar form; ``hue`` in radians)."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long, medium, short = (
        (lightness + p * a + q * b) ** 3
        for p, q in (
            (0.3963377774, 0.2158037573),
            (-0.1055613458, -0.0638541728),
            (-0.0894841775, -1.2914855480),
        )
    )
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _encoded(value)):02x}" for value in linear)


def _encoded(linear: float) -> float:
    """The sRGB transfer function, clipped to what a screen shows."""
    linear = min(max(linear, 0.0), 1.0)
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
