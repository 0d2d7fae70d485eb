"""Training curves from the metrics of a run."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

from contreg.reporting.axes import Scale, bottom_axis, left_axis, range_of, svg
from contreg.reporting.markup import Html, join, note, section, tag
from contreg.reporting.numbers import is_number
from contreg.reporting.run_record import RunFacts

Points = list[tuple[float, float]]
_WIDTH, _HEIGHT = 340.0, 190.0
_LOG_RATIO = 30.0
_NOT_CURVES = ("step", "seconds")
_TITLES = {
    "loss": "Loss, all terms weighted",
    "rate": "Learning rate",
    "gradient_norm": "Gradient norm before clipping",
    "validation_dice": "Validation Dice (held-out training subjects)",
    "validation_ncc": "Validation image similarity, NCC",
}


def training(record: RunFacts) -> Html:
    """One small chart per logged value over the optimiser steps."""
    curves = series(record.metrics)
    if not curves:
        missing = note(
            "No step has been logged yet.",
            f"contreg fit --model {quote(f'{quote(str(record.path))}/recipe.toml')}"
            f" --data {quote(record.cohort)} --run {quote(str(record.path))}",
        )
        return section("training", "Training", missing)
    first = [name for name in ("loss", "validation_dice", "validation_ncc") if name in curves]
    last = [name for name in ("gradient_norm", "rate") if name in curves]
    terms = [name for name in curves if name not in (*first, *last)]
    charts = [_chart(name, curves[name]) for name in (*first, *terms, *last)]
    lead = tag("p", "Means over the steps since the line before, as in metrics.jsonl.", class_="lead")
    return section("training", "Training", lead, tag("div", *charts, class_="curves"))


def series(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Points]:
    """(step, value) of every logged name, in the order of first appearance; what is not finite is left out."""
    found: dict[str, Points] = {}
    for line in metrics:
        step = line.get("step") if isinstance(line, dict) else None
        for name, value in line.items() if is_number(step) else ():
            if name not in _NOT_CURVES and is_number(value):
                found.setdefault(name, []).append((float(step), float(value)))  # type: ignore[arg-type]
    return found


def _chart(name: str, points: Points) -> Html:
    title = _TITLES.get(name, f"Term {name}, unweighted")
    return tag("div", tag("h3", title), line_chart(title, points, dots=name.startswith("validation_")))


def line_chart(title: str, points: Points, *, dots: bool = False) -> Html:
    """A line over steps; logarithmic where positive values span more than a factor of 30."""
    steps, values = [step for step, _ in points], [value for _, value in points]
    log = min(values) > 0 and max(values) / min(values) > _LOG_RATIO
    x = Scale(min(0.0, *steps), max(steps), 46, _WIDTH - 6)
    y = Scale(*range_of(values, log=log), _HEIGHT - 38, 6, log)
    marked = points if dots or len(points) == 1 else []
    marks = [tag("circle", cx=x(a), cy=y(b), r=2.6, class_="mark") for a, b in marked]
    line = tag("polyline", points=" ".join(f"{x(a)},{y(b)}" for a, b in points), class_="line")
    axes = left_axis(y, x.start, x.end), bottom_axis(x, y.end, y.start, "step", grid=False)
    return svg(_WIDTH, _HEIGHT, f"{title} over steps", *axes, line, join(marks))
