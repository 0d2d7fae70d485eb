"""Dice of every pair as points with a box over them, before and after."""

from collections.abc import Sequence

import numpy as np

from contreg.reporting.axes import Scale, bottom_axis, svg
from contreg.reporting.markup import Html, join, tag

_WIDTH, _LEFT, _BAND = 520.0, 110.0, 62.0


def box_chart(title: str, groups: Sequence[tuple[str, str, Sequence[float]]]) -> Html:
    """A band per (name, class, values): quartile box, median, whiskers to the 5th and 95th percentile, all points."""
    values = [value for _, _, group in groups for value in group]
    room = 0.04 * ((max(values) - min(values)) or 1.0)
    x = Scale(max(0.0, min(values) - room), min(1.0, max(values) + room), _LEFT, _WIDTH - 10)
    bottom = _BAND * len(groups)
    bands = [_band(x, _BAND * n, *group) for n, group in enumerate(groups)]
    return svg(
        _WIDTH, bottom + 38, title, bottom_axis(x, 0, bottom, "mean Dice of a pair", grid=True), *bands
    )


def _band(x: Scale, top: float, name: str, class_: str, values: Sequence[float]) -> Html:
    middle = top + _BAND / 2
    dots = [
        # Steps of the golden ratio spread points evenly without chance.
        tag(
            "circle",
            cx=x(value),
            cy=round(middle + 34 * ((n * 0.618034) % 1 - 0.5), 1),
            r=2.4,
            class_=f"dot {class_}",
        )
        for n, value in enumerate(values)
    ]
    label = tag("text", name, x=_LEFT - 8, y=middle + 4, text_anchor="end", class_="name")
    return tag("g", label, join(dots), *_box(x, middle, values))


def _box(x: Scale, middle: float, values: Sequence[float]) -> list[Html]:
    if len(values) < 4:
        return []
    least, lower, median, upper, most = (x(float(v)) for v in np.percentile(values, (5, 25, 50, 75, 95)))
    height = 26
    return [
        tag("path", d=f"M{least} {middle}H{lower}M{upper} {middle}H{most}", class_="whisker"),
        tag(
            "rect", x=lower, y=middle - height / 2, width=round(upper - lower, 1), height=height, class_="box"
        ),
        tag("line", x1=median, x2=median, y1=middle - height / 2, y2=middle + height / 2, class_="median"),
    ]
