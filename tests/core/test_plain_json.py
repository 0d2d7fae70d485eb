"""JSON of others: nested deeply it is a ``ValueError`` as any other damage, and nobody reads it by another way."""

import ast
from pathlib import Path

import pytest

from contreg_core.plain_json import parse_json

ROOT = Path(__file__).parents[2]
_OWN_WORDS = {
    "contreg_core/plain_json.py": "here",
    "contreg_core/ranks/sharing.py": "of another rank of this program",
    "contreg_core/checkpoint.py": "what was dumped just now",
    "cli/contreg_cli/names.py": "what was dumped just now",
}


def test_nested_too_deeply():
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json("[" * 100_000)


def test_files_are_read_by_it():
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("contreg_core", "contreg", "adapters", "cli")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"load", "loads"}
        and ast.unparse(node.value) == "json"
    }
    assert found == set(_OWN_WORDS)
