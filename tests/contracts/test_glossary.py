"""One meaning a noun: no class shares its name with another, and the glossary's classes are there."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("contreg_core", "contreg_plugins", "contreg", "adapters", "cli")


def classes() -> dict[str, list[str]]:
    found = defaultdict(list)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(str(path.relative_to(ROOT)))
    return found


def test_a_class_name_stands_once() -> None:
    assert {name: places for name, places in classes().items() if len(places) > 1} == {}


def test_the_glossary_names_what_there_is() -> None:
    page = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", page))
    assert len(named) > 20
    assert named - classes().keys() == set()
