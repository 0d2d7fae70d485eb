"""The site builds without a warning and without the network, and asks no other host for anything."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

pytest.importorskip("mkdocs")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment = {**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_menu(site: Path) -> None:
    menu = (site / "index.html").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    targets = [
        page.with_name("index.html" if page.name == "README.md" else f"{page.stem}.html") for page in pages
    ]
    assert [str(target) for target in targets if f'href="{target.as_posix()}"' not in menu] == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r'<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)="(https?:)?//[^"]+"')
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    assert [page.name for page in pages if fetched.search(page.read_text(encoding="utf-8"))] == []
    sheets = [
        path
        for path in site.rglob("*.css")
        if re.search(r"url\([\"']?https?:", path.read_text(encoding="utf-8"))
    ]
    assert sheets == []


def test_equations_are_drawn_by_the_browser_alone(site: Path) -> None:
    page = (site / "explanation" / "method.html").read_text(encoding="utf-8")
    assert page.count("<math ") > 30
    assert "$" not in re.sub(r"<script.*?</script>", "", page, flags=re.S)


def test_the_python_interface_has_its_docstrings(site: Path) -> None:
    page = (site / "reference" / "api" / "types.html").read_text(encoding="utf-8")
    assert 'id="contreg_core.components.Encoder.forward"' in page
    assert "finest first" in page
