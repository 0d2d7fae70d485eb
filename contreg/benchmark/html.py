"""A table as one self-contained HTML file, in the dress of ``contreg report``."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contreg.benchmark.content import Content, sampled
from contreg.benchmark.forest import KEY, forest
from contreg.comparing.output import p_text, signed
from contreg.reporting.markup import Html, join, section, table, tag
from contreg.reporting.numbers import MISSING, duration, interval, memory, number, percent
from contreg.reporting.page import page

Row = Mapping[str, Any]
_FIGURES = {
    "labels": "Labels: each method's carried labels over its warped image, the fixed labels outlined in white.",
    "images": "Images: what each method makes of the moving image.",
    "fields": "Deformations: log J in colours, folds in red, a regular grid of the moving image warped with it.",
}


def table_page(content: Content, pictures: Sequence[Path]) -> str:
    """The page; pictures are put inside."""
    rows = content["rows"]
    sections = (
        section(
            "table",
            "Rows",
            _lead(content),
            _scroll(_rows(rows, content["main"])),
            _reasons(rows),
        ),
        section("dice", "Dice", _chart(rows), KEY),
        section("regions", "Regions", _region_lead(content), _scroll(_regions(rows))),
        *([section("pair", "One pair", *map(_picture, pictures))] if pictures else []),
        section("cost", "Cost", _scroll(table(_COST_HEAD, map(_cost, rows)))),
        section("known", "What is known of each row", *_notes(content)),
    )
    return page(content["title"], _header(content, pair=bool(pictures)), *sections, by="contreg benchmark")


def _header(content: Content, *, pair: bool) -> Html:
    done = sum(row["status"] == "done" for row in content["rows"])
    budget = content["budget_seconds"]
    trained = f"{duration(budget)} of training a row" if budget else "each recipe's own training"
    words = f"Protocol {content.get('protocol', MISSING)}; {trained}; seed {content['seed']}; "
    words += f"{done} of {len(content['rows'])} rows; contreg {content['contreg']}."
    name = tag("h1", content["title"], tag("span", " on ", content["data"]))
    return tag("header", name, tag("p", words), tag("nav", *_links(pair=pair), aria_label="Sections"))


def _links(*, pair: bool) -> list[Html]:
    named = {"table": "Rows", "dice": "Dice", "regions": "Regions"}
    named |= ({"pair": "One pair"} if pair else {}) | {"cost": "Cost", "known": "What is known"}
    return [tag("a", title, href=f"#{id_}") for id_, title in named.items()]


def _lead(content: Content) -> Html:
    kind = (
        "fused regions"
        if content.get("headline", "fused") == "fused"
        else "means over the labels of a region"
    )
    words = f"Dice of {kind}; differences are to {content['main']} or the row named, on the pairs both have."
    return tag("p", words, class_="lead")


_HEAD = (
    "Row", "Paper", "Here", "Difference", "p (Holm)", "Label-mean", "Labels", "HD95", "Folded", "SDlogJ", "Pairs",
    "ECE",
)  # fmt: skip


def _rows(rows: Sequence[Row], main: str) -> Html:
    """The last column only where a row drew samples."""
    shown = len(_HEAD) - (not sampled(rows))
    return table(_HEAD[:shown], [_cells(row, main)[:shown] for row in rows])


def _cells(row: Row, main: str) -> list[object]:
    difference = row.get("difference") or {}
    name = tag("b", row["name"])
    if row["status"] == "failed":
        return [name, number(row["paper"]["mean"]), "not run", *[MISSING] * 9]
    return [
        name,
        number(row["paper"]["mean"]),
        _bounded(number(row["dice"]), interval(row["dice_interval"])),
        _bounded(
            signed(difference.get("dice")), interval(difference.get("interval")), _other(difference, main)
        ),
        p_text(difference.get("p_holm")),
        number(row["dice_labelmean"]),
        number(row["dice_labels"]),
        MISSING if row["hd95_mm"] is None else f"{number(row['hd95_mm'], 2)} mm",
        percent(row["folding_percent"]),
        number(row["sdlogj"]),
        f"{row['pairs']} of {row['of_pairs']}",
        _bounded(number(row["ece"]), interval(row["ece_interval"])),
    ]


def _other(difference: Row, main: str) -> str:
    """What it is compared with, where that is not the main row."""
    return f"to {difference['to']}" if difference and difference["to"] != main else ""


def _bounded(value: str, bounds: str, word: str = "") -> Html:
    small = " ".join(filter(None, (bounds, word)))
    return join([tag("b", value), " ", tag("span", small, class_="bounds")])


def _reasons(rows: Sequence[Row]) -> Html:
    return join(
        tag("p", tag("b", row["name"]), f": {row['reason']}", class_="note") for row in rows if row["reason"]
    )


def _chart(rows: Sequence[Row]) -> Html:
    return forest(rows, "Dice of every row, with 95 % intervals") or tag("p", "Nothing was scored.")


def _region_lead(content: Content) -> Html:
    words = "Mean over pairs; in brackets the 95 % interval, below it what the paper prints where it is known to us."
    return tag("p", words, class_="lead")


def _regions(rows: Sequence[Row]) -> Html:
    names = list(dict.fromkeys(name for row in rows for name in row.get("regions", {})))
    return table(("Row", *names), [_region_cells(row, names) for row in rows if row["status"] == "done"])


def _region_cells(row: Row, names: Sequence[str]) -> list[object]:
    return [tag("b", row["name"]), *(_region(row["regions"].get(name), row["paper"], name) for name in names)]


def _region(found: Row | None, paper: Row, name: str) -> Html:
    if found is None:
        return Html(MISSING)
    printed = paper["regions"].get(name)
    below = (
        [tag("br"), tag("span", f"paper {number(printed)}", class_="bounds")] if printed is not None else []
    )
    return join([_bounded(number(found["dice"]), interval(found["interval"])), *below])


_COST_HEAD = ("Row", "Recipe", "Training", "Steps", "Device", "Time a pair", "Peak memory")


def _cost(row: Row) -> list[object]:
    training = row["training"] or {}
    settings = " ".join(["", *(f"-s {setting}" for setting in row["set"])])
    refine = f" --refine {row['refine']}" if row["refine"] else ""
    return [
        tag("b", row["name"]),
        tag("code", f"{row['recipe'] or 'none'}{settings}{refine}"),
        duration(training.get("training_seconds")),
        number(training.get("steps"), 0),
        training.get("device") or MISSING,
        duration(row.get("seconds")),
        memory(row.get("peak_memory_mib")),
    ]


def _notes(content: Content) -> list[Html]:
    lines = [tag("p", line) for line in content["foot"]]
    known = [[tag("b", row["name"]), row["known"]] for row in content["rows"]]
    return [*lines, _scroll(table(("Row", "Known and unknown"), known))]


def _picture(path: Path) -> Html:
    kind = path.stem.removeprefix("figure-")
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    image = tag(
        "img", src=f"data:image/png;base64,{data}", alt=_FIGURES[kind], style="width:100%;border-radius:8px"
    )
    return tag("div", tag("p", _FIGURES[kind], class_="lead"), image)


def _scroll(inner: Html) -> Html:
    return tag("div", inner, class_="scroll whole")
