"""The pages, and the fenced blocks in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language (empty for none) and its text."""

    language: str
    text: str

    def lines(self) -> Iterator[list[str]]:
        """The words of every line, continuations joined, remarks and prompts off."""
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(re.sub(r"(^|\s)#.*$", "", line.removeprefix("$ ")))
            if words:
                yield words


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    return [Block(*one) for one in found]


def name(page: Path) -> str:
    """The page below the root."""
    return page.relative_to(ROOT).as_posix()
