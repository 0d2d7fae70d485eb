"""Axes of a small chart: nice numbers, linear or logarithmic, as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from contreg.reporting.markup import Html, join, tag


@dataclass(frozen=True)
class Scale:
    """Maps values ``low..high`` to pixels ``start..end``; ``log`` along decades."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value, to a tenth."""
        low, high, value = (self._bent(number) for number in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, count: int = 5) -> list[float]:
        """Round values inside the range."""
        return _decades(self.low, self.high) if self.log else nice_ticks(self.low, self.high, count)

    def _bent(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else value


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """About ``count`` multiples of 1, 2 or 5 times a power of ten within ``low..high``."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    steps = [power * factor for factor in (1, 2, 5, 10)]
    wide = next(step for step in steps if step >= raw * 0.999)
    # A range may lie between two multiples of the wider step; the next narrower one always has some inside.
    narrow = max((step for step in steps if step < wide), default=wide / 2)
    return _multiples(wide, low, high) or _multiples(narrow, low, high)


def _multiples(step: float, low: float, high: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def range_of(values: Sequence[float], *, log: bool) -> tuple[float, float]:
    """Ends of an axis that holds all values, with a little room."""
    low, high = min(values), max(values)
    if log:
        return low / 1.1, high * 1.1
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - room, high + room


def tick_text(value: float) -> str:
    """A short number: ``20k``, ``0.85``, ``1e-4``."""
    if value and (abs(value) >= 1e6 or abs(value) < 1e-3):
        mantissa, _, exponent = f"{value:.0e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    if abs(value) >= 1e4:
        return f"{value / 1000:g}k"
    return f"{round(value, 6):g}"


def left_axis(scale: Scale, left: float, right: float) -> Html:
    """Horizontal grid lines with their values."""
    lines = [tag("line", x1=left, x2=right, y1=scale(t), y2=scale(t), class_="grid") for t in scale.ticks(4)]
    texts = [tag("text", tick_text(t), x=left - 6, y=scale(t) + 4, text_anchor="end") for t in scale.ticks(4)]
    return join([*lines, *texts])


def bottom_axis(scale: Scale, top: float, bottom: float, title: str, *, grid: bool) -> Html:
    """The horizontal axis with its title, with vertical grid lines if wanted."""
    ticks = scale.ticks()
    lines = [tag("line", x1=scale(t), x2=scale(t), y1=top, y2=bottom, class_="grid") for t in ticks if grid]
    texts = [tag("text", tick_text(t), x=scale(t), y=bottom + 16, text_anchor="middle") for t in ticks]
    base = tag("line", x1=scale.start, x2=scale.end, y1=bottom, y2=bottom, class_="axis")
    name = tag("text", title, x=scale.end, y=bottom + 32, text_anchor="end")
    return join([*lines, base, *texts, name])


def svg(width: float, height: float, title: str, *parts: object) -> Html:
    """A drawing that scales with its column; ``title`` is what a screen reader says."""
    return tag("svg", *parts, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=title)


def _decades(low: float, high: float) -> list[float]:
    exponents = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    ticks = [10.0**exponent for exponent in exponents]
    return ticks if len(ticks) >= 2 else nice_ticks(low, high, 3)
