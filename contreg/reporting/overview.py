"""The head of the page: what was trained on what, and the few numbers that say how good it is."""

from contreg.reporting.calibration import sampled
from contreg.reporting.evaluation_record import ReportedEvaluation
from contreg.reporting.markup import Html, join, note, tag
from contreg.reporting.numbers import duration, interval, is_number, number, percent
from contreg.reporting.run_record import RunFacts

_LINKS = (
    ("pair", "Example pair"),
    ("accuracy", "Accuracy"),
    ("calibration", "Calibration"),
    ("labels", "Labels"),
    ("training", "Training"),
    ("origin", "Origin and cost"),
    ("recipe", "Recipe"),
)
_KIND = {"fused": "Dice of fused regions", "labelmean": "Dice, mean over the labels of a region"}


def overview(record: RunFacts) -> Html:
    """Title, date, cards, links to the sections."""
    evaluation = record.evaluations[0] if record.evaluations else None
    return tag(
        "header",
        tag("h1", record.model, tag("span", " on ", record.cohort)),
        tag(
            "p",
            record.recipe.summary.rstrip(".") + "." if record.recipe.summary else "",
            tag("br"),
            _date(record),
        ),
        tag("dl", *cards(record, evaluation), class_="cards"),
        tag("nav", *_links(record), aria_label="Sections"),
        *(note(trouble.message.rstrip(".") + ".", trouble.hint) for trouble in record.troubles),
    )


def _links(record: RunFacts) -> list[Html]:
    missing = () if sampled(record) else ("calibration",)
    return [tag("a", title, href=f"#{id_}") for id_, title in _LINKS if id_ not in missing]


def _date(record: RunFacts) -> str:
    finished, started = (str(record.facts.get(key) or "")[:10] for key in ("finished", "started"))
    if finished:
        return f"Trained {finished}."
    return f"Training not finished; begun {started}." if started else "Not dated."


def cards(record: RunFacts, evaluation: ReportedEvaluation | None) -> list[Html]:
    """The headline numbers; without an evaluation those of the training alone."""
    if evaluation is not None:
        return _scored(evaluation)
    return _trained(record)


def _scored(evaluation: ReportedEvaluation) -> list[Html]:
    value = evaluation.summary.get
    dice = join([tag("span", number(evaluation.before), " → ", class_="from"), number(evaluation.after)])
    bounds = interval(evaluation.interval)
    after = join([dice, tag("span", " ", bounds, class_="bounds")]) if bounds else dice
    protocol, pairs = value("protocol", evaluation.name), value("pairs", len(evaluation.rows))
    what = f"{_KIND.get(evaluation.headline, 'Dice')}; {protocol}, {evaluation.split} split, {pairs} pairs"
    return [
        _card("Dice before → after, 95 % interval", after, what, wide=True),
        _card("Folded voxels", percent(value("folding_percent")), f"SDlogJ {number(value('sdlogj'))}"),
        _card("Surface distance", _mm(value("hd95_mm")), f"HD95; mean {_mm(value('assd_mm'))}"),
        _card("Time a pair", duration(value("seconds")), "registration alone"),
    ]


def _trained(record: RunFacts) -> list[Html]:
    best, facts = record.facts.get("best_validation"), record.facts
    shown = number(best) if is_number(best) else "not measured"
    return [
        _card("Best on validation", shown, "Dice, or NCC without labels"),
        _card("Optimiser steps", number(record.steps, 0), "finished"),
        _card("Training time", duration(record.seconds), str(facts.get("device", ""))),
    ]


def _mm(value: object) -> str:
    return f"{number(value, 2)} mm"


def _card(title: str, value: object, detail: str, *, wide: bool = False) -> Html:
    words = tag("dt", title), tag("dd", value), tag("dd", detail, class_="unit")
    return tag("div", *words, class_="wide" if wide else None)
