"""Whether the doubt of a model with a variance is justified: a reliability diagram and its figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from contreg.reporting.axes import Scale, bottom_axis, left_axis, svg
from contreg.reporting.evaluation_record import ReportedEvaluation
from contreg.reporting.markup import Html, join, section, table, tag
from contreg.reporting.numbers import interval, is_number, number, percent
from contreg.reporting.run_record import RunFacts

_WIDTH, _LEFT, _TOP, _SHARES = 520.0, 46.0, 8.0, 70.0
_BOTTOM = _TOP + 300
_NEEDED = ("low", "high", "voxels", "confidence", "accuracy")
_LEAD = (
    "The share of a pair's samples that carry one label to a voxel, against how often that label is right: "
    "over all voxels where the true label or any sample's is not background, of all pairs together."
)
_KEY = tag(
    "p", tag("i", style="background:var(--after)"), "share of voxels that are right, by confidence",
    tag("i", style="background:var(--third)"), "how far that lies from their mean confidence (dashed: no distance)",
    tag("i", style="background:var(--before)"), "share of all voxels", class_="key small",
)  # fmt: skip
_MEASURES = (
    "", "Samples a pair", "Expected calibration error (ECE)", "Worst bin", "Brier score, 0 to 2",
    "True label in no sample", "Mean confidence", "Right", "Uncertainty, mean over the brain",
)  # fmt: skip


def sampled(record: RunFacts) -> list[ReportedEvaluation]:
    """The evaluations that drew samples."""
    return [evaluation for evaluation in record.evaluations if evaluation.table("calibration")]


def calibration(record: RunFacts) -> Html | None:
    """The diagram of the first of them and a column of figures for each; None where there is none."""
    evaluations = sampled(record)
    if not evaluations:
        return None
    columns = [_column(evaluation) for evaluation in evaluations]
    rows = [[name, *values] for name, *values in zip(_MEASURES, *columns, strict=True)]
    figures = tag("div", tag("h3", "Figures"), table((), rows))
    chart = reliability_chart("Accuracy over confidence", _bins(evaluations[0]))
    diagram = tag("div", tag("h3", f"Reliability, {evaluations[0].name}"), chart, _KEY)
    lead = tag("p", _LEAD, class_="lead")
    return section("calibration", "Calibration", lead, tag("div", diagram, figures, class_="columns"))


def reliability_chart(title: str, bins: Sequence[Mapping[str, Any]]) -> Html:
    """A bar a bin up to its accuracy, its distance from the mean confidence, and below the bins' shares of voxels."""
    total = sum(one["voxels"] for one in bins) or 1
    x = Scale(0.0, 1.0, _LEFT, _WIDTH - 6)
    y = Scale(0.0, 1.0, _BOTTOM, _TOP)
    shares = Scale(0.0, 1.0, _BOTTOM + 14 + _SHARES, _BOTTOM + 14)
    ideal = tag("path", d=f"M{x(0)} {y(0)}L{x(1)} {y(1)}", class_="ideal")
    axes = left_axis(y, x.start, x.end), _base(x, y.start), left_axis(shares, x.start, x.end)
    bottom = bottom_axis(x, y.end, shares.start, "confidence: share of samples with the label", grid=False)
    bars = [_bar(one, x, y, shares, total) for one in bins]
    return svg(
        _WIDTH,
        shares.start + 38,
        title,
        *axes,
        bottom,
        join(bars),
        ideal,
        join(_gap(one, x, y) for one in bins),
    )


def _base(x: Scale, height: float) -> Html:
    return tag("line", x1=x.start, x2=x.end, y1=height, y2=height, class_="axis")


def _bar(one: Mapping[str, Any], x: Scale, y: Scale, shares: Scale, total: float) -> Html:
    share = one["voxels"] / total
    words = f"confidence {number(one['confidence'])}, right {number(one['accuracy'])}, {percent(100 * share)} of voxels"
    drawn = [
        _rect(one, x, scale, value, name)
        for scale, value, name in ((y, one["accuracy"], "after"), (shares, share, "before"))
    ]
    return tag("g", tag("title", words), *drawn)


def _rect(one: Mapping[str, Any], x: Scale, scale: Scale, value: float, name: str) -> Html:
    left, top = x(one["low"]) + 1, scale(value)
    width, height = round(x(one["high"]) - 1 - left, 1), round(scale.start - top, 1)
    return tag("rect", x=left, y=top, width=width, height=height, class_=name)


def _gap(one: Mapping[str, Any], x: Scale, y: Scale) -> Html:
    at, right, held = x(one["confidence"]), y(one["accuracy"]), y(one["confidence"])
    return tag("path", d=f"M{at} {right}V{held}", class_="gap")


def _bins(evaluation: ReportedEvaluation) -> list[Mapping[str, Any]]:
    """As far as they can be read."""
    found = evaluation.table("calibration").get("bins")
    listed = found if isinstance(found, list) else []
    return [
        one for one in listed if isinstance(one, dict) and all(is_number(one.get(name)) for name in _NEEDED)
    ]


def _column(evaluation: ReportedEvaluation) -> list[object]:
    value, bins = evaluation.table("calibration").get, _bins(evaluation)
    return [
        tag("b", evaluation.name),
        number(evaluation.summary.get("samples"), 0),
        join(
            [
                tag("b", number(value("ece"))),
                " ",
                tag("span", interval(value("ece_interval")), class_="bounds"),
            ]
        ),
        number(value("mce")),
        number(value("brier")),
        percent(value("missed_percent")),
        *(percent(_mean(bins, name)) for name in ("confidence", "accuracy")),
        f"{number(evaluation.summary.get('uncertainty_mm'), 2)} mm",
    ]


def _mean(bins: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """In percent, over the voxels of all bins."""
    total = sum(one["voxels"] for one in bins)
    return 100 * sum(one["voxels"] * one[name] for one in bins) / total if total else None
