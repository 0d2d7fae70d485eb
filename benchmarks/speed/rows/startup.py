"""``contreg --help``, against importing torch."""

import subprocess
import sys

from benchmarks.speed.row import Call, Row

ROW = Row(
    "`contreg --help`",
    "whole process, against `import torch`",
    {"contreg": "own", "torch": "own"},
    faster={"torch": 12},
    milliseconds=120,
    rounds=(7, 11),
    memory=False,
)


def contreg() -> Call:
    """The installed command's own entry."""
    code = "from contreg_cli.main import main; main()"
    return _process("-c", f"import sys; sys.argv = ['contreg', '--help']; {code}")


def torch() -> Call:
    """What every program that trains has to do first."""
    return _process("-c", "import torch")


def _process(*arguments: str) -> Call:
    def call() -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    return call
