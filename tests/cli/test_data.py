"""``contreg data check``: every scan is read, and what is wrong is told to people and to programs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_a_sound_study_passes(contreg: Callable[..., Any], lpba40: Path) -> None:
    done = contreg("data", "check", "lpba40", "--source", lpba40)
    assert done.code == 0, done.err


def test_a_bad_scan_is_told_and_the_others_are_read(contreg: Callable[..., Any], lpba40: Path) -> None:
    image = sorted(lpba40.rglob("train/*.nii.gz"))[0]
    image.write_bytes(image.read_bytes()[:2000])
    done = contreg("data", "check", "lpba40", "--source", lpba40, "--json")
    assert done.code == 3
    record = json.loads(done.out)
    scans = record["scans"] if isinstance(record, dict) else record
    assert [scan["usable"] for scan in scans].count(False) == 1
    assert any(image.name in scan["error"] for scan in scans)


@pytest.mark.parametrize("name", ["synthetik", "lpba4"])
def test_a_mistyped_cohort_is_suggested(contreg: Callable[..., Any], name: str) -> None:
    done = contreg("data", "check", name)
    assert done.code == 2
    assert "did you mean" in done.error
