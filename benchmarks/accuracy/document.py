"""The table as Markdown, made from its lines and from nothing else."""

from collections.abc import Sequence

from benchmarks.accuracy.ledger import Ledger, Line
from contreg.comparing.output import bounds, figure, p_text, signed
from contreg_core.files import write_text

HEAD = """# All that was tried

Made from `trials.jsonl` by `python -m benchmarks.accuracy document`; both are only ever added to. How it is done:
`docs/explanation/experiments.md`. Nothing is chosen on test subjects: every score there comes after a look that is
listed here.
"""
_SCORED = (
    *(
        "variant",
        "trained on",
        "scored on",
        "seed",
        "budget",
        "steps",
        "fused",
        "label-mean",
        "labels",
        "HD95 mm",
    ),
    *("folding %", "SDlogJ", "s a pair", "pairs", "machine", "commit", "at"),
)
_COMPARED = (
    *("variant", "minus", "trained on", "scored on", "Dice", "difference", "95 %", "p", "p (Holm)", "pairs"),
    "seeds",
)
_SPLITS = {"validation": "On subjects held out", "test": "On test subjects"}


def write(ledger: Ledger) -> None:
    """``trials.md`` beside the lines."""
    write_text(ledger.folder / "trials.md", markdown(list(ledger.lines())))


def markdown(lines: Sequence[Line]) -> str:
    """Every line, an experiment after the other."""
    names = dict.fromkeys(str(line["experiment"]) for line in lines)
    parts = [_experiment(name, [line for line in lines if line["experiment"] == name]) for name in names]
    return "\n".join([HEAD, *parts])


def _experiment(name: str, lines: Sequence[Line]) -> str:
    notes = dict.fromkeys(str(line["note"]) for line in lines if line.get("note"))
    parts = [f"## {name}", *notes]
    for split, title in _SPLITS.items():
        scored = [line for line in lines if line["kind"] == "scored" and line["split"] == split]
        looks = _looks(lines, split)
        if scored or looks:
            parts += [f"### {title}", *looks]
        if scored:
            parts.append(_table(_SCORED, [_score(one) for one in scored]))
    compared = [line for line in lines if line["kind"] == "compared"]
    if compared:
        parts += ["### Differences", _table(_COMPARED, [_difference(one) for one in compared])]
    return "\n\n".join([*parts, *_unfinished(lines), *_settings(lines)]) + "\n"


def _looks(lines: Sequence[Line], split: str) -> list[str]:
    looks = [line for line in lines if line["kind"] == "looked" and line["split"] == split]
    told = [
        f"{number}. {one['at']}, {one['by']}: {one['scored_on']}, {', '.join(one['variants'])}"
        for number, one in enumerate(looks, 1)
    ]
    return ["\n".join(told)] if told else []


def _unfinished(lines: Sequence[Line]) -> list[str]:
    """What was begun and came to no score, and what failed."""
    scored = {line["key"] for line in lines if line["kind"] == "scored"}
    begun = [
        f"* {one['variant']}, {one['trained_on']}, seed {one['seed']}: begun {one['at']}, not scored"
        for one in lines
        if one["kind"] == "begun" and one["key"] not in scored
    ]
    failed = [
        f"* {one['variant']}, {one['trained_on']}, seed {one['seed']}: failed {one['at']}, exit {one['exit_code']}"
        for one in lines
        if one["kind"] == "failed"
    ]
    return ["\n".join([*begun, *failed])] if begun or failed else []


def _settings(lines: Sequence[Line]) -> list[str]:
    """What each variant is, once."""
    known = {
        f"* **{one['variant']}** ({one['key']}): `{' '.join([one['recipe'], *one['settings'], *one['predicting']])}`"
        for one in lines
        if one["kind"] == "begun"
    }
    return ["\n".join(sorted(known))] if known else []


def _score(line: Line) -> list[str]:
    machine = f"{line['processor']}, {line['threads'] or line['cores']} threads, load {line['load']}"
    return [
        *(str(line[name]) for name in ("variant", "trained_on", "scored_on", "seed", "budget")),
        figure(line["steps"], 0),
        *(figure(line[name], 4) for name in ("dice_fused", "dice_labelmean", "dice_labels")),
        figure(line["hd95_mm"], 2),
        figure(line["folding_percent"], 4),
        figure(line["sdlogj"]),
        figure(line["seconds"], 2),
        f"{line['pairs']} of {line['of_pairs']}",
        f"{machine}; {line['device']}" if line["device"] else machine,
        f"{str(line['commit'])[:8]}{' changed' if line['changed'] else ''}",
        str(line["at"]),
    ]


def _difference(line: Line) -> list[str]:
    return [
        *(str(line[name]) for name in ("variant", "to", "trained_on", "scored_on", "kind_of_dice")),
        signed(line["difference"]),
        bounds(line["interval"], sign=True),
        p_text(line["p_value"]),
        p_text(line["p_holm"]),
        str(line["pairs"]),
        ", ".join(map(str, line["seeds"])),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows))
