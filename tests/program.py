"""The program in this process, and packages in a folder of their own."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from contreg_cli.main import run


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
        assert "--debug" in arguments or "Traceback" not in captured.err + captured.out
        return Result(code, captured.out, captured.err)

    return call


def pip_install(site: Path, sources: Sequence[Path]) -> None:
    """Packages from their folders into ``site``, without network."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, *alone, "--target", site, *sources], check=True)
