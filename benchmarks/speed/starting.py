"""Whole processes: what a person waits for until a command answers."""

import os
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.speed.row import Call


def process(code: str, more: Mapping[str, str] | None = None) -> Call:
    """Python from start to end, with ``more`` in its environment; it must end well."""
    environment = {**os.environ, **(more or {})}

    def call() -> None:
        command = [sys.executable, "-c", code]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)

    return call


def command(*arguments: str, more: Mapping[str, str] | None = None) -> Call:
    """``contreg`` with these arguments; it fails where torch was imported."""
    code = f"""
import sys
sys.argv = ["contreg", *{arguments!r}]
from contreg_cli.main import main
try:
    main()
except SystemExit as end:
    sys.exit(end.code or "torch" in sys.modules)
"""
    return process(code, more)


def torch() -> Call:
    """What every program that trains has to do first."""
    return process("import torch")
