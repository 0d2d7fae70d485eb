"""The tabulator key after ``contreg fit --model con``, against importing torch."""

from benchmarks.speed.row import Call, Row
from benchmarks.speed.starting import command, process, torch

__all__ = ["ROW", "contreg", "torch"]
ROW = Row(
    "completion of `contreg fit --model con`",
    "whole process, against `import torch`",
    {"contreg": "own", "torch": "own"},
    rounds=(7, 11),
    memory=False,
    note="names come from a file; the first call of all loads every plugin to write it",
)
_TYPED = {"_CONTREG_COMPLETE": "bash_complete", "COMP_WORDS": "contreg fit --model con", "COMP_CWORD": "3"}


def contreg() -> Call:
    """As bash calls it, the names remembered."""
    process("import sys; sys.argv = ['contreg', 'list']; from contreg_cli.main import main; main()")()
    return command(more=_TYPED)
