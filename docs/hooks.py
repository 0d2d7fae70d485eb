"""What the site makes of the pages: their order, equations as MathML, files outside of docs/ named, not linked."""

import html
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert

ORDER = ("tutorial", "how-to", "reference", "explanation", "decisions")
TITLES = {
    "tutorial": "Tutorials",
    "how-to": "How to",
    "reference": "Reference",
    "explanation": "Explanation",
    "decisions": "Decisions",
    "api": "Python",
}
FIRST = ("README", "first-run", "lpba40", "model", "method", "variants")
_CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.S | re.M)
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+((?:benchmarks|tests|[A-Z]+\.md)[^)]*)\)")
_BLOCK = re.compile(r"\$\$(.+?)\$\$", re.S)
_INLINE = re.compile(r"\$([^$\s](?:[^$\n]*[^$\s])?)\$")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to sources as paths, equations ($...$, $$...$$) as MathML, which browsers draw; code is left alone."""
    parts = _CODE.split(_OUTSIDE.sub(r"\1 (`\2`)", markdown))
    return "".join(part if index % 2 else _math(part) for index, part in enumerate(parts))


def on_nav(nav: Any, **_: Any) -> Any:
    """The pages as they lie in the folders: every page that is added is in the menu."""
    home = [item for item in nav.items if not item.is_section]
    sections = {_folder(item): item for item in nav.items if item.is_section}
    for page in home:
        page.title = "Home"
    for section in sections.values():
        _arrange(section, 0)
    nav.items = [*home, *(sections[name] for name in sorted(sections, key=_place))]
    return nav


def _arrange(section: Any, depth: int) -> None:
    section.title = TITLES.get(_folder(section, depth), section.title)
    section.children.sort(key=_rank)
    for child in section.children:
        if child.is_section:
            _arrange(child, depth + 1)


def _math(text: str) -> str:
    text = _BLOCK.sub(lambda found: f"\n{_mathml(found[1], 'block')}\n", text)
    return _INLINE.sub(lambda found: _mathml(found[1], "inline"), text)


def _mathml(latex: str, display: str) -> str:
    return convert(html.unescape(" ".join(latex.split())), display=display)


def _folder(section: Any, depth: int = 0) -> str:
    """The name of its folder, ``depth`` folders down."""
    child = section.children[0]
    return _folder(child, depth) if child.is_section else Path(child.file.src_uri).parts[depth]


def _rank(item: Any) -> tuple[bool, int, str]:
    if item.is_section:
        return True, 0, str(item.title)
    name = Path(item.file.src_uri).stem
    return False, FIRST.index(name) if name in FIRST else len(FIRST), name


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER)), name
