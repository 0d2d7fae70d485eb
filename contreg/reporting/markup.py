"""HTML made in one place: whatever is not markup already is escaped on its way in."""

import html
from collections.abc import Iterable, Sequence

_VOID = frozenset({"br", "meta", "input", "line", "rect", "circle", "path", "polyline", "img"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element: ``tag("p", "a < b", class_="note")``; children that are not ``Html`` are escaped.

    Underscores in attribute names become hyphens, a trailing one is dropped; None and False leave an attribute out.
    """
    opening = f"<{name}{''.join(_attribute(*pair) for pair in attributes.items())}"
    return Html(f"{opening} />" if name in _VOID else f"{opening}>{join(children)}</{name}>")


def join(parts: Iterable[object]) -> Html:
    """Parts in a row, each escaped unless it is ``Html``; None is nothing."""
    return Html("".join(_escaped(part) for part in parts if part is not None))


def table(head: Sequence[object], rows: Iterable[Sequence[object]], **attributes: object) -> Html:
    """A table with one heading row; an empty ``head`` leaves the heading out, the first cell then heads its row."""
    heading = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head))) if head else None
    body = [tag("tr", *_cells(row, headed=not head)) for row in rows]
    return tag("table", heading, tag("tbody", *body), **attributes)


def section(id_: str, title: str, *children: object) -> Html:
    """A titled part of the page."""
    return tag("section", tag("h2", title), *children, id=id_)


def note(sentence: str, remedy: str = "") -> Html:
    """A sentence about what is missing, and the command that adds it or what else to do."""
    if remedy.startswith("contreg "):
        return tag("p", sentence, " Add it with ", tag("code", remedy), ".", class_="note")
    return tag("p", sentence, f" Remedy: {remedy}." if remedy else None, class_="note")


def _cells(row: Sequence[object], *, headed: bool) -> list[Html]:
    first = tag("th", row[0], scope="row") if headed else tag("td", row[0])
    return [first, *(tag("td", cell) for cell in row[1:])]


def _attribute(name: str, value: object) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def _escaped(part: object) -> str:
    return part if isinstance(part, Html) else html.escape(str(part))
