"""antspyx as a solver, so that it is a row as any other: same cached images, same pairs, same scores, same clock.

It needs an interpreter that has antspyx, which pins an older numpy: ``CONTREG_PEER_PYTHON`` names it. The work is done
by one process of that interpreter, ``antspyx_worker.py``; images and displacements go through files of a temporary
folder. Memory in the table is that of contreg's own process; ``CONTREG_PEER_LOG`` names a file for that of the worker.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.catalogue import Catalogue
from contreg_core.components import Component, Solver, Warper
from contreg_core.errors import UnavailableError
from contreg_core.hookspecs import hookimpl
from contreg_core.objective import Objective
from contreg_core.plugins import load_catalogue, load_plugin
from contreg_core.types import Field, Pair
from contreg_plugins.solvers.descent import singly

VARIABLE, LOG = "CONTREG_PEER_PYTHON", "CONTREG_PEER_LOG"
WORKER = Path(__file__).with_name("antspyx_worker.py")
RECIPES = {"antspyx-syn": ("SyN", "mattes"), "antspyx-syn-cc": ("SyN CC", "CC")}
"""Recipe -> the row's name and ``syn_metric``. The form ``SyNCC``, of 4,500 iterations, takes ten minutes a pair."""


class Antspyx(Solver):
    """``ants.registration`` of a pair: affine, then symmetric normalisation (Avants et al. 2008), as one displacement.

    The recipe's losses are ignored, and so is a field to start from.

    Knobs:
        metric: its ``syn_metric``: mutual information of 32 bins, or cross-correlation of radius 4.
        spacing: edge of a voxel in mm, by which its own steps and widths are measured.
    """

    name = "antspyx"
    paper: ClassVar[str] = "Avants et al. 2008"

    def __init__(self, *, metric: Literal["mattes", "CC"] = "mattes", spacing: float = 2.0) -> None:
        super().__init__()
        self.metric, self.spacing = metric, spacing

    def forward(self, pair: Pair, field: Field | None, objective: Objective, warper: Warper) -> Field:
        """A pair -> its displacement, scale 1."""
        return Field(torch.cat([self._one(one) for one in singly(pair)]).to(pair.fixed.device))

    def _one(self, pair: Pair) -> torch.Tensor:
        images = {
            name: image[0, 0].float().cpu().numpy()
            for name, image in (("moving", pair.moving), ("fixed", pair.fixed))
        }
        asked = {"metric": self.metric, "spacing": self.spacing}
        return torch.from_numpy(worker().ask(images, asked))[None]


class Worker:
    """The process of the other interpreter and the folder of the files; both end with this program."""

    def __init__(self, python: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        atexit.register(self.close)
        try:
            self.process = subprocess.Popen(
                [python, str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=_environment(),
            )
        except OSError as error:
            self.close()
            raise UnavailableError(f"{python}: cannot be run ({error})", f"name one in {VARIABLE}") from error
        if not self._answer():  # it has imported, so that no pair pays for it
            self.close()
            raise UnavailableError(
                f"{python}: has no antspyx", f"name an interpreter that has it in {VARIABLE}"
            )

    def ask(self, images: Mapping[str, NDArray[np.float32]], asked: Mapping[str, Any]) -> NDArray[np.float32]:
        """Images by name -> the displacement, channels first."""
        for name, image in images.items():
            np.save(self.folder / f"{name}.npy", image)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({**asked, "folder": str(self.folder)}) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        if not answer:
            worker.cache_clear()
            raise UnavailableError("antspyx ended without an answer", "see what it said above")
        _note(answer)
        found: NDArray[np.float32] = np.load(self.folder / "displacement.npy")
        return found

    def close(self) -> None:
        """End of input ends the process."""
        if hasattr(self, "process"):
            with self.process as process:
                if process.stdin is not None:
                    process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@lru_cache(maxsize=1)
def worker() -> Worker:
    """The one process."""
    return Worker(os.environ.get(VARIABLE, sys.executable))


def _environment() -> dict[str, str]:
    """As many threads as torch has; the other interpreter finds its own packages."""
    threads = str(torch.get_num_threads())
    return {**os.environ, "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": threads, "PYTHONPATH": ""}


def _note(answer: str) -> None:
    """Seconds and memory of the process itself, where they are wanted."""
    if LOG in os.environ:
        with open(os.environ[LOG], "a", encoding="utf-8") as log:
            log.write(answer)


@hookimpl
def contreg_components() -> list[type[Component]]:
    """The one solver."""
    return [Antspyx]


@hookimpl
def contreg_recipes() -> list[str]:
    """With mutual information (its default), and with cross-correlation."""
    text = (
        'name = "{}"\nsummary = "antspyx {}: {}"\n[solver]\nname = "antspyx"\nmetric = "{}"\n'
        '[warper]\nname = "displacement"\n[preprocessing]\nintensity = "robust"\n'
    )
    return [text.format(name, kind, metric, metric) for name, (kind, metric) in RECIPES.items()]


def catalogue() -> Catalogue:
    """All that is installed, and this."""
    return load_catalogue().with_contribution(load_plugin(sys.modules[__name__], "antspyx", "benchmarks"))
