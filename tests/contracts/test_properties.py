"""How many laws are tried on drawn examples, where, and that the page on reliability does not say more."""

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEAST = 25


def properties() -> Counter[str]:
    """Functions under ``@given`` by their file below ``tests/``."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    trees = {
        path.relative_to(ROOT / "tests").as_posix(): ast.parse(path.read_text("utf-8")) for path in files
    }
    return Counter(name for name, tree in trees.items() for node in ast.walk(tree) if _is_property(node))


def _is_property(node: ast.AST) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(isinstance(one, ast.Call) and ast.unparse(one.func) == "given" for one in decorators)


def test_there_are_enough() -> None:
    assert properties().total() >= LEAST


def test_the_page_names_places_that_hold_as_many() -> None:
    page = (ROOT / "docs/explanation/reliability.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `tests/(\S+)` \| .+ \| (\d+) \|$", page, re.MULTILINE)
    found = properties()
    held = {place: sum(count for name, count in found.items() if name.startswith(place)) for place, _ in rows}
    assert rows
    assert [place for place, told in rows if held[place] < int(told)] == []
    assert sum(held.values()) >= LEAST
