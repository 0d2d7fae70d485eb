"""The reference that the program writes about itself is what the program says today."""

import runpy

import pytest

from contreg_core.catalogue import Catalogue
from contreg_core.plugins import load_catalogue
from tests.docs.pages import ROOT

GENERATOR = runpy.run_path(str(ROOT / "docs/generate.py"))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(plugins=False)


@pytest.mark.parametrize("page", GENERATOR["pages"]())
def test_the_page_is_what_the_program_says(page: str, catalogue: Catalogue) -> None:
    written = (ROOT / "docs/reference" / page).read_text(encoding="utf-8")
    assert written == GENERATOR["pages"]()[page](catalogue), "run: python docs/generate.py"


def test_the_headings_of_a_page_are_its_components(catalogue: Catalogue) -> None:
    page = (ROOT / "docs/reference/components/losses.md").read_text(encoding="utf-8")
    headings = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    assert headings == [cls.name for cls in catalogue.components("loss")]
