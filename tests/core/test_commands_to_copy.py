"""Commands shown to be copied: a path or a name in them is one word of the shell, whatever it holds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_COMMAND = re.compile(
    r"contreg (fit|register|prepare|evaluate|show|segment|warp|report|export|verify|status)\b"
)
_SAFE = {"giver.name", "ready"}
"""The name of an installed component, which NAME of parameters.py bounds, and words of ours."""


def put_in() -> Iterator[str]:
    """Every value that an f-string puts behind a command, if it is not quoted."""
    for package in ("contreg_core", "contreg", "cli", "adapters", "contreg_plugins"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield from (f"{path.name}: {value}" for value in _unquoted(node) if value not in _SAFE)


def _unquoted(text: ast.JoinedStr) -> Iterator[str]:
    inside = False
    for piece in text.values:
        if isinstance(piece, ast.Constant):
            inside = inside or bool(_COMMAND.search(str(piece.value)))
        elif isinstance(piece, ast.FormattedValue) and inside:
            value = ast.unparse(piece.value)
            if not value.startswith(("quote(", "shlex.")):
                yield value


def test_each_is_quoted() -> None:
    assert list(put_in()) == []
