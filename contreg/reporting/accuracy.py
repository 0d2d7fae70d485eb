"""What an evaluation found: Dice per region, per pair and per label."""

import math
from collections.abc import Sequence
from shlex import quote

from contreg.reporting import palette
from contreg.reporting.bars import bar_chart, region_rows
from contreg.reporting.boxes import box_chart
from contreg.reporting.evaluation_record import ReportedEvaluation
from contreg.reporting.markup import Html, join, note, section, table, tag
from contreg.reporting.numbers import duration, interval, memory, number, percent
from contreg.reporting.run_record import RunFacts
from contreg_core.cohort import Label

_KEY = tag(
    "p", tag("i", style="background:var(--before)"), "before registration", tag("i", style="background:var(--after)"),
    "after. Whiskers of regions: 95 % interval of the mean, subjects resampled.", class_="key small",
)  # fmt: skip


def accuracy(record: RunFacts) -> Html:
    """Charts of the first evaluation and one row for each."""
    if not record.evaluations:
        missing = note("This run has not been evaluated yet.", f"contreg evaluate {quote(str(record.path))}")
        return section("accuracy", "Accuracy", missing)
    first = record.evaluations[0]
    summary = _titled("Means over all pairs", table((), _measures(record.evaluations)))
    lead = tag("p", _LEAD, class_="lead")
    return section("accuracy", "Accuracy", lead, tag("div", summary, *_charts(first), class_="columns"))


_LEAD = "Dice overlap, 0 to 1, of carried and fixed labels: mean over pairs, then over regions."
_MEASURES = (
    "", "Pairs", "Dice, fused regions", "Dice, label-mean of regions", "Dice, mean over labels", "Folded voxels",
    "SDlogJ", "Surface distance, HD95", "Surface distance, mean", "Time a pair", "Peak memory",
)  # fmt: skip


def _measures(evaluations: Sequence[ReportedEvaluation]) -> list[list[object]]:
    """A row per measure, a column per evaluation."""
    columns = [_column(evaluation) for evaluation in evaluations]
    return [[name, *values] for name, *values in zip(_MEASURES, *columns, strict=True)]


def _column(evaluation: ReportedEvaluation) -> list[object]:
    value = evaluation.summary.get
    dice = [_with_interval(evaluation, f"dice_{kind}") for kind in ("fused", "labelmean", "labels")]
    return [
        tag("b", evaluation.name),
        str(value("pairs", len(evaluation.rows))),
        *dice,
        percent(value("folding_percent")),
        number(value("sdlogj")),
        f"{number(value('hd95_mm'), 2)} mm",
        f"{number(value('assd_mm'), 2)} mm",
        duration(value("seconds")),
        memory(value("peak_memory_mib")),
    ]


def _with_interval(evaluation: ReportedEvaluation, key: str) -> Html:
    before = number(evaluation.table("initial").get(key))
    bounds = interval(evaluation.summary.get(f"{key}_interval"))
    after = tag("b", number(evaluation.summary.get(key)))
    return join([f"{before} → ", after, " ", tag("span", bounds, class_="bounds")])


def _charts(evaluation: ReportedEvaluation) -> list[Html]:
    regions = evaluation.table("regions")
    bars = [
        _titled(f"Regions, {words}", bar_chart(f"Dice per region, {words}", region_rows(regions, kind)))
        for kind, words in (("fused", "labels fused"), ("labelmean", "mean over labels"))
        if regions
    ]
    return [_pairs(evaluation), *bars]


def _pairs(evaluation: ReportedEvaluation) -> Html:
    rows = evaluation.distinct_rows()
    groups = [
        (name, name, present)
        for name, stage in (("before", "initial"), ("after", "dice"))
        if (present := _present([evaluation.pair_dice(row, stage) for row in rows]))
    ]
    if not groups:
        return note("There is no table of pairs (pairs.csv) with Dice per region in this evaluation.")
    words = "Box: quartiles and median; whiskers: 5th to 95th percentile; a point is a pair."
    chart = box_chart("Dice of every pair, before and after", groups)
    return _titled("Pairs", chart, tag("p", words, class_="small"), _KEY)


def _present(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _titled(title: str, *parts: Html) -> Html:
    return tag("div", tag("h3", title), *parts)


def label_table(record: RunFacts, labels: Sequence[Label]) -> Html:
    """Dice of every label, sortable; without the label table of a cache the ids stand alone."""
    if not record.evaluations:
        missing = note("Dice per label needs an evaluation.", f"contreg evaluate {quote(str(record.path))}")
        return section("labels", "Labels", missing)
    evaluation = record.evaluations[0]
    colours = dict(zip((label.id for label in labels), palette.label_colours(list(labels)), strict=True))
    known = {str(label.id): label for label in labels}
    rows = [_label_row(evaluation, id_, known.get(id_), colours) for id_ in evaluation.table("labels")]
    head = [
        tag("button", name, type="button")
        for name in ("Id", "Name", "Side", "Dice before", "Dice after", "Gain")
    ]
    lead = tag(
        "p", "Mean over pairs of the Dice of single labels. A click on a heading sorts.", class_="lead"
    )
    return section("labels", "Labels", lead, tag("div", table(head, rows), class_="scroll"))


def _label_row(
    evaluation: ReportedEvaluation, id_: str, label: Label | None, colours: dict[int, str]
) -> list[object]:
    before, after = evaluation.label_mean(id_, "initial"), evaluation.table("labels").get(id_)
    gain = after - before if isinstance(after, int | float) else math.nan
    colour = colours.get(label.id) if label else None
    swatch = tag("span", "", class_="swatch", style=f"background:{colour}") if colour else None
    name = join([swatch, label.name if label else ""])
    sign = "+" if gain >= 0 else ""
    return [id_, name, label.side if label else "", number(before), number(after), f"{sign}{number(gain)}"]
