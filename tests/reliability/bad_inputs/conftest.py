"""The workshop, built once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program import contreg
from tests.reliability.bad_inputs.workshop import Workshop, build

__all__ = ["contreg"]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def open_workshop(built: Path) -> Iterator[Workshop]:
    """A workshop that every user may enter and write in, unlike pytest's own folders."""
    with tempfile.TemporaryDirectory() as name:
        made = Workshop.copied(built, Path(name) / "w")
        for path in (Path(name), made.root, *made.root.rglob("*")):
            path.chmod(0o777)
        yield made


@pytest.fixture
def workshop(built: Path, tmp_path: Path) -> Workshop:
    return Workshop.copied(built, tmp_path / "w")
