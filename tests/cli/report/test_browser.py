"""The script runs under the page's own policy; only where a browser is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from contreg.reporting import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
@pytest.mark.parametrize(
    ("view", "caption"), [("grid", "A regular grid"), ("outlines-after", "Labels of the fixed")]
)
def test_the_viewer_opens_at_a_linked_view(
    view: str, caption: str, run: Path, cache: Path, catalogue, tmp_path: Path
) -> None:
    page = write_report(run, tmp_path / "page.html", catalogue, cache=cache)
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    address = f"file://{page}#view={view}&at=3,4,5"
    command = [str(CHROMIUM), *options, "--virtual-time-budget=5000", "--dump-dom", address]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert 'data-ready="yes"' in dom
    assert re.search(rf'id="caption"[^>]*>{caption}', dom)
    assert re.findall(r'class="where">slice (\d+) of', dom) == ["6", "5", "4"]
    assert "displacement" in re.search(r'id="readout"[^>]*>([^<]*)', dom)[1]
