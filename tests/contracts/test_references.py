"""A page that the source names is there: a reader can look up what is cited."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDERS = (
    "adapters",
    "benchmarks",
    "cli",
    "contreg",
    "contreg_core",
    "contreg_plugins",
    "docs",
    "plugins",
    "tests",
)
_NAME = re.compile(r"(?<![\w*{}<>-])([a-z][\w-]*\.md)\b")
_MADE = {"pages.md", "page.md", "speed.md"}
"""Written by a program or a test."""


def files(*suffixes: str) -> Iterator[Path]:
    for folder in _FOLDERS:
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in suffixes)


def test_every_named_page_exists() -> None:
    pages = {path.name for path in [*files(".md"), *ROOT.glob("*.md")]}
    named = {
        (name, str(path.relative_to(ROOT)))
        for path in files(".py", ".toml")
        for name in _NAME.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 50
    assert {one for one in named if one[0] not in pages | _MADE} == set()
