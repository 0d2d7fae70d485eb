"""Dice per region, before and after, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contreg.reporting.axes import Scale, bottom_axis, svg
from contreg.reporting.markup import Html, join, tag
from contreg.reporting.numbers import interval, is_number, number

_WIDTH, _LEFT, _RIGHT, _ROW = 520.0, 110.0, 60.0, 34.0


@dataclass(frozen=True)
class RegionDice:
    """Dice of one region; ``bounds`` are the 95 % interval of ``after``; anything may be missing."""

    name: str
    before: Any
    after: Any
    bounds: Any


def region_rows(regions: Mapping[str, Any], kind: str) -> list[RegionDice]:
    """The regions of a summary; ``kind`` is ``fused`` or ``labelmean``."""
    tables = [(name, table) for name, table in regions.items() if isinstance(table, dict)]
    return [
        RegionDice(name, table.get(f"initial_{kind}"), table.get(kind), table.get(f"{kind}_interval"))
        for name, table in tables
    ]


def bar_chart(title: str, rows: Sequence[RegionDice]) -> Html:
    """Two bars a region from Dice 0 to 1, the value and a whisker at the second."""
    bottom = 6 + _ROW * len(rows)
    x = Scale(0.0, 1.0, _LEFT, _WIDTH - _RIGHT)
    axis = bottom_axis(x, 0, bottom, "Dice", grid=True)
    return svg(_WIDTH, bottom + 38, title, axis, *(_bars(row, x, 6 + _ROW * n) for n, row in enumerate(rows)))


def _bars(row: RegionDice, x: Scale, top: float) -> Html:
    shown = number(row.after)
    parts = [
        tag("title", f"{row.name}: {number(row.before)} → {shown} {interval(row.bounds)}"),
        tag("text", row.name, x=_LEFT - 8, y=top + 18, text_anchor="end", class_="name"),
        _bar(x, row.before, top + 2, 9, "before"),
        _bar(x, row.after, top + 12, 13, "after"),
        _whisker(x, row.bounds, top + 18.5),
        tag("text", shown, x=_WIDTH - _RIGHT + 8, y=top + 23, class_="value"),
    ]
    return tag("g", join(parts))


def _bar(x: Scale, value: Any, top: float, height: float, name: str) -> Html | None:
    if not is_number(value):
        return None
    return tag(
        "rect", x=x.start, y=top, width=round(x(value) - x.start, 1), height=height, rx=1.5, class_=name
    )


def _whisker(x: Scale, bounds: Any, middle: float) -> Html | None:
    if not interval(bounds):
        return None
    low, high = (x(value) for value in bounds)
    ends = f"M{low} {middle}H{high}M{low} {middle - 3}V{middle + 3}M{high} {middle - 3}V{middle + 3}"
    return tag("path", d=ends, class_="whisker")
