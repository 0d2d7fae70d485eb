"""``contreg --help``, against importing torch."""

from benchmarks.speed.row import Call, Row
from benchmarks.speed.starting import command, torch

__all__ = ["ROW", "contreg", "torch"]
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
    return command("--help")
