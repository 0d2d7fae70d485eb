"""The colours of the viewer and of the figure, in one place."""

import colorsys

from contreg_core.cohort import Label

DIVERGING = ("#a9d3ff", "#3d8fe0", "#173a63", "#0f1115", "#5c3713", "#e08a2e", "#ffe3b0")
"""Blue below 0, dark at 0, orange above: dark in the middle, for panels that are dark."""
SEQUENTIAL = ("#0f1115", "#3b1470", "#8c2981", "#de4968", "#fe9f6d", "#fcfdbf")
FOLD = "#ff2a2a"
FIXED = "#35d0f5"
CARRIED = "#ffb020"
PANEL = "#0f1115"


def label_colours(labels: list[Label]) -> list[str]:
    """One colour a label as ``#rrggbb``, left and right of one structure alike, neighbours in the table far apart."""
    structures = list(dict.fromkeys(_structure(label) for label in labels))
    return [_colour(structures.index(_structure(label))) for label in labels]


def _structure(label: Label) -> str:
    words = label.name.split()
    return " ".join(word for word in words if word.upper().strip("().,") not in {"L", "R", "LEFT", "RIGHT"})


def _colour(number: int) -> str:
    # Steps of the golden angle never repeat a hue; lightness changes with a period of three.
    hue = (number * 0.61803398875 + 0.03) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, (0.62, 0.5, 0.72)[number % 3], 0.72)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
