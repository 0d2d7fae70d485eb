"""Dice of every row as a point with its interval, the paper's figure as a hollow mark."""

from collections.abc import Mapping, Sequence
from typing import Any

from contreg.reporting.axes import Scale, bottom_axis, svg
from contreg.reporting.markup import Html, join, tag
from contreg.reporting.numbers import interval, is_number, number

_WIDTH, _LEFT, _RIGHT, _ROW = 760.0, 230.0, 60.0, 24.0


def forest(rows: Sequence[Mapping[str, Any]], title: str) -> Html | None:
    """A line per row that has a figure; None without any."""
    known = [row for row in rows if _values(row)]
    if not known:
        return None
    values = [value for row in known for value in _values(row)]
    room = 0.05 * ((max(values) - min(values)) or 0.2)
    x = Scale(max(0.0, min(values) - room), min(1.0, max(values) + room), _LEFT, _WIDTH - _RIGHT)
    bottom = _ROW * len(known) + 6
    lines = [_line(row, x, 6 + _ROW * (place + 0.5)) for place, row in enumerate(known)]
    return svg(_WIDTH, bottom + 38, title, bottom_axis(x, 0, bottom, "Dice", grid=True), *lines)


def _values(row: Mapping[str, Any]) -> list[float]:
    found = (row.get("dice"), *(row.get("dice_interval") or ()), row["paper"]["mean"])
    return [value for value in found if is_number(value)]


def _line(row: Mapping[str, Any], x: Scale, middle: float) -> Html:
    dice: Any = row.get("dice")
    bounds: Any = row.get("dice_interval")
    paper: Any = row["paper"]["mean"]
    words = f"{row['name']}: {number(dice)} {interval(bounds)}; paper {number(paper)}"
    return tag(
        "g",
        tag("title", words),
        tag("text", row["name"], x=_LEFT - 10, y=middle + 4, text_anchor="end", class_="name"),
        tag("path", d=f"M{x(bounds[0])} {middle}H{x(bounds[1])}", class_="whisker")
        if interval(bounds)
        else None,
        tag("circle", cx=x(dice), cy=middle, r=4.2, class_="after") if is_number(dice) else None,
        _diamond(x(paper), middle) if is_number(paper) else None,
        tag("text", number(dice), x=_WIDTH - _RIGHT + 10, y=middle + 4, class_="value"),
    )


def _diamond(x: float, y: float) -> Html:
    corners = f"M{x - 5} {y}L{x} {y - 5}L{x + 5} {y}L{x} {y + 5}Z"
    return tag("path", d=corners, fill="none", stroke="var(--third)", stroke_width=1.6)


KEY = join(
    [
        tag("p", tag("i", style="background:var(--after)"), "here, with 95 % interval",
            tag("i", style="background:var(--third)"), "as the paper prints it (hollow)", class_="key small"),
    ]
)  # fmt: skip
