"""The workshop, built once, and the program in this process."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contreg_cli.main import run
from tests.reliability.bad_inputs.workshop import Workshop, build


@dataclass(frozen=True)
class Result:
    """How one command line ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of the failure."""
        lines = [line for line in self.err.splitlines() if line.startswith(("error: ", "error CR-"))]
        assert len(lines) == 1, self.err
        return lines[0]


Contreg = Callable[..., Result]


@pytest.fixture
def contreg(capsys: pytest.CaptureFixture[str]) -> Contreg:
    """``contreg("list", "--json")``; whatever happens, no traceback is shown."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err + captured.out
        return Result(code, captured.out, captured.err)

    return call


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
