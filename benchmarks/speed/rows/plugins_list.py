"""``contreg plugins list``, against importing torch."""

from benchmarks.speed.row import Call, Row
from benchmarks.speed.starting import command, torch

__all__ = ["ROW", "contreg", "torch"]
ROW = Row(
    "`contreg plugins list`",
    "whole process, against `import torch`",
    {"contreg": "own", "torch": "own"},
    milliseconds=500,
    rounds=(7, 11),
    memory=False,
)


def contreg() -> Call:
    """By metadata, nothing of a plugin is imported."""
    return command("plugins", "list")
