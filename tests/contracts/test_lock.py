"""requirements.lock: every run-time dependency with its hashes, and nothing of the machine that made it."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
PIN = re.compile(r"([\w.-]+)==([\w.]+)( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
COMMENT = re.compile(r"    # (via)?[\w .()-]*|#.*")
PINS = {found[1]: found[2] for line in LINES if (found := PIN.fullmatch(line))}


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_every_dependency_is_pinned_within_its_bounds(dependency: str) -> None:
    wanted = Requirement(dependency)
    assert wanted.specifier.contains(PINS[wanted.name.lower()])


def test_every_pin_has_a_hash() -> None:
    followers = [LINES[number + 1] for number, line in enumerate(LINES) if PIN.fullmatch(line)]
    assert len(followers) >= len(PINS) > len(DEPENDENCIES)
    assert [line for line in followers if not HASH.fullmatch(line)] == []


def test_there_is_no_other_line() -> None:
    """No index, host, path or option: neither where it was made nor where to load from."""
    assert [line for line in LINES if not any(form.fullmatch(line) for form in (PIN, HASH, COMMENT))] == []
    assert [line for line in LINES if line.startswith("#") and line.count("/")] == []


def test_torch_is_the_one_that_is_tested() -> None:
    tested = re.search(r"^torch==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert tested
    assert PINS["torch"] == tested[1]
