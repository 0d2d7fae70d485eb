"""Docstrings as Markdown: doctests become code, lines under ``Knobs:`` a list."""

import re
from typing import Any

import griffe

_DOCTEST = re.compile(r"(?:^>>> .*\n?)(?:^(?!\n|>>> $).+\n?|^>>> .*\n?)*", re.M)
_KNOB = re.compile(r"^ {4}(\w+): ", re.M)


class Docstrings(griffe.Extension):
    """What mkdocstrings reads of every object, before it is rendered."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite one docstring in place."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(text: str) -> str:
    """A docstring of this project as Markdown.

    >>> markdown("Twice.\\n\\n>>> 2 * 2\\n4")
    'Twice.\\n\\n```pycon\\n>>> 2 * 2\\n4\\n```'
    >>> markdown("Knobs:\\n    size: in voxels.")
    'Knobs:\\n\\n* `size`: in voxels.'
    """
    before, knobs, after = text.partition("Knobs:\n")
    if knobs:
        text = f"{before}{knobs}\n" + _KNOB.sub(r"* `\1`: ", after)
    return _DOCTEST.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```", text)
