"""The reliability diagram: its geometry, the figures beside it, and a page without it."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from contreg.reporting import write_report
from contreg.reporting.calibration import reliability_chart

BINS = [
    {"low": 0.4, "high": 0.6, "voxels": 100, "confidence": 0.5, "accuracy": 0.25},
    {"low": 0.8, "high": 1.0, "voxels": 300, "confidence": 1.0, "accuracy": 0.75},
]
FIGURES = {
    "ece": 0.25,
    "ece_interval": [0.2, 0.3],
    "mce": 0.26,
    "brier": 0.5,
    "missed_percent": 20.0,
    "bins": BINS,
}


@pytest.fixture
def sampled(evaluated: Path) -> Path:
    """A run with one evaluation more, of 20 samples."""
    (plain,) = (evaluated / "evaluation").iterdir()
    folder = shutil.copytree(plain, plain.with_name(f"{plain.name}-samples-20"))
    write(folder, {"samples": 20, "uncertainty_mm": 1.234, "calibration": FIGURES})
    return evaluated


def write(folder: Path, more: dict[str, Any]) -> None:
    path = folder / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


def rendered(run: Path, catalogue, cache: Path) -> str:
    return write_report(run, None, catalogue, cache=cache).read_text(encoding="utf-8")


def numbers(svg: str, what: str) -> list[tuple[float, ...]]:
    return [tuple(map(float, found)) for found in re.findall(what, svg)]


def test_bars_end_at_the_accuracy_and_gaps_at_the_confidence() -> None:
    svg = str(reliability_chart("r", BINS))
    bars = numbers(svg, r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" class="after"')
    shares = numbers(
        svg, r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" class="before"'
    )
    gaps = numbers(svg, r'd="M([\d.]+) ([\d.]+)V([\d.]+)" class="gap"')
    ((left, bottom, right, top),) = numbers(svg, r'd="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" class="ideal"')
    for one, bar, share, gap in zip(BINS, bars, shares, gaps, strict=True):
        height = bottom - top
        assert bar[1] == pytest.approx(bottom - one["accuracy"] * height, abs=0.1)
        assert bar[1] + bar[3] == pytest.approx(bottom, abs=0.1)
        assert (bar[0] - left) / (right - left) == pytest.approx(one["low"], abs=0.005)
        assert (bar[0] + bar[2] - left) / (right - left) == pytest.approx(one["high"], abs=0.005)
        assert share[3] == pytest.approx(70 * one["voxels"] / 400, abs=0.1)
        assert gap[0] == pytest.approx(left + one["confidence"] * (right - left), abs=0.1)
        assert gap[1:] == pytest.approx(
            (bottom - one["accuracy"] * height, bottom - one["confidence"] * height), abs=0.1
        )


def test_the_section_holds_the_figures(sampled: Path, catalogue, cache: Path) -> None:
    page = rendered(sampled, catalogue, cache)
    (section,) = re.findall(r'<section id="calibration">.*?</section>', page, re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", section)
    for shown in ("0.250", "[0.200, 0.300]", "0.260", "0.500", "20.0 %", "87.5 %", "62.5 %", "1.23 mm"):
        assert shown in text
    assert '<a href="#calibration">' in page


def test_what_drew_no_samples_has_no_section(evaluated: Path, catalogue, cache: Path) -> None:
    page = rendered(evaluated, catalogue, cache)
    assert 'id="calibration"' not in page
    assert "#calibration" not in page


@pytest.mark.parametrize("bins", [None, "none", [], [1, {}], [{**BINS[0], "voxels": None}]])
def test_bins_that_cannot_be_read_leave_the_rest(sampled: Path, catalogue, cache: Path, bins: object) -> None:
    (folder,) = (sampled / "evaluation").glob("*-samples-20")
    write(folder, {"calibration": {**FIGURES, "bins": bins}})
    page = rendered(sampled, catalogue, cache)
    assert "[0.200, 0.300]" in page
    assert 'class="gap"' not in page
