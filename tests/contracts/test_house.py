"""The house rules that are kept by machines: import directions, packages, licence, changelog."""

import re
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import contreg_core

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_imports_keep_their_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_is_a_package_and_typed(package: str) -> None:
    """import-linter and mypy look only where an ``__init__.py`` stands."""
    folder = ROOT / package
    assert (folder / "py.typed").exists()
    rooms = {path.parent for path in folder.rglob("*.py")}
    assert [str(room) for room in rooms if not (room / "__init__.py").exists()] == []


def test_the_changelog_opens_with_this_version() -> None:
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == contreg_core.__version__


def test_the_licence_is_the_one_declared() -> None:
    assert PROJECT["project"]["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 6
