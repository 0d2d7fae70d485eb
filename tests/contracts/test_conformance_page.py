"""The kit's page lists the laws as they are. ``CONTREG_WRITE_DOCS=1 pytest THIS_FILE`` writes them anew."""

import os
from collections.abc import Iterator
from pathlib import Path

from contreg_core.conformance.cohort import COHORT
from contreg_core.conformance.component import KIND_LAWS
from contreg_core.conformance.declaration import CHOICES, DECLARATION
from contreg_core.conformance.module import MODULE
from contreg_core.conformance.recipe import RECIPE, SOLVED, TRAINED

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "conformance.md"
START = "CPU.\n\n"
END = "\nA component is tried with its knobs"


def tables() -> Iterator[str]:
    groups = {"Every component": [*DECLARATION, *MODULE, *CHOICES]}
    groups |= {kind.__name__: laws for kind, laws in KIND_LAWS.items()}
    groups |= {"Recipe": [*RECIPE, *TRAINED, *SOLVED], "Cohort": COHORT}
    for title, laws in groups.items():
        rows = "".join(f"| `{law.name}` | {law.statement} |\n" for law in laws)
        yield f"### {title}\n\n| law | what is expected |\n|---|---|\n{rows}"


def test_the_page_lists_the_laws() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    expected = head + START + "\n".join(tables()) + END + tail
    if os.environ.get("CONTREG_WRITE_DOCS"):
        PAGE.write_text(expected, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == expected, f"run CONTREG_WRITE_DOCS=1 pytest {__file__}"
