"""What every trial works on: a tiny study on disk, its cache, a run, commands whose results can be compared."""

import hashlib
import importlib
import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from contreg_adapters.synthetic import Synthetic
from contreg_adapters.synthetic.layouts import write_layout
from contreg_cli.main import run
from contreg_core.checkpoint import read_checkpoint
from contreg_core.sums import check_sums
from contreg_core.transform import read_transform
from contreg_core.volume import write_volume

TINY = ("--data", "synthetic", "-s", "preprocessing.spacing=8.0")
FIT = (
    *("fit", "--model", "voxelmorph/mse", *TINY, "--device", "cpu", "--steps", "6"),
    *("-s", "encoder.features=4,4", "-s", "decoder.features=vm1"),
    *("-s", "training.validation=2", "-s", "training.validate_every=3"),
)
_PASSING = (".tmp-", "previous.safetensors")
"""The last checkpoint but one is another one after a kill."""
# Facts of a run, not of its result.
_OF_THE_RUN = {
    "started",
    "finished",
    "seconds",
    "training_seconds",
    "elapsed",
    "command",
    "sha256",
    "peak_memory_mib",
    "recent",
    "resumed",
    "written",
}


@dataclass(frozen=True)
class Work:
    """A command that writes into a folder."""

    name: str
    arguments: Callable[[Path], list[str]]
    finished: int = 0
    """The exit code where all is done already."""

    def outcome(self, folder: Path) -> dict[str, Any]:
        """File -> what it says; raises where a file under a final name cannot be read."""
        files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(_PASSING)]
        return {str(path.relative_to(folder)): content(path) for path in sorted(files)}


@dataclass(frozen=True)
class Scene:
    """The folder of the study and the commands."""

    root: Path
    works: tuple[Work, ...]

    @classmethod
    def build(cls, root: Path) -> "Scene":
        """Make everything in this process, which loads and compiles whatever the commands need."""
        _compile_for_children()
        study = write_layout(Synthetic(subjects=3, size=(26, 32, 26), spacing=7.5), root / "study", 4)
        cohort = (
            "-s",
            "cohort.size=20,24,20",
            "-s",
            "cohort.spacing=8.0",
            "-s",
            "cohort.subjects=6",
            "--cache",
            str(root / "cache"),
        )
        _must("prepare", *TINY, *cohort)
        model, images = root / "model", _images(root)
        _must(*FIT, "--cache", str(root / "cache"), "--run", str(model))
        one, two, labels = map(str, images)
        works = (
            Work("prepare", lambda to: ["prepare", "--data", "lpba40", "--source", str(study), "--spacing", "0",
                                        "--cache", str(to)]),
            Work("fit", lambda to: [*FIT, "--cache", str(root / "cache"), "--run", str(to)]),
            Work("register", lambda to: ["register", one, two, "--moving-labels", labels, "--affine", "none",
                                         "--model", str(model), "-o", str(to), "--device", "cpu"]),
            Work("segment", lambda to: ["segment", two, "--atlas", f"{one}:{labels}", "--model", str(model),
                                        "-o", str(to), "--device", "cpu"]),
            Work("export", lambda to: ["export", str(model), str(to / "model.safetensors")], finished=73),
        )  # fmt: skip
        for work in works:  # once in this process: what is compiled and loaded now, no child has to
            _must(*work.arguments(root / "warm" / work.name))
        return cls(root, works)

    def work(self, name: str) -> Work:
        """One of them."""
        return next(work for work in self.works if work.name == name)


def _compile_for_children() -> None:
    """The loops of the evaluation have a form without threads for forked children; this process takes it too."""
    with patch("os.getpid", return_value=-1):
        importlib.import_module("contreg_core.evaluation.kernels")
    torch.set_num_threads(1)


def content(path: Path) -> Any:
    """What a file says, without the facts of the run that wrote it."""
    if path.name == "SHA256SUMS":  # of files with times in them: that they are right is what lasts
        return sorted(check_sums(path.parent).items())
    if path.suffix == ".json":
        return _lasting(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix == ".jsonl":
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")  # as contreg reads them
        return [_lasting(json.loads(line)) for line in whole.splitlines()]
    if path.suffix == ".safetensors":
        checkpoint = read_checkpoint(path)
        tensors = {name: value.numpy().tobytes() for name, value in checkpoint.tensors.items()}
        return _lasting(dict(checkpoint.record)), tensors
    if path.name.endswith("_xfm.h5"):
        return read_transform(path).vectors.tobytes()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(inner) for key, inner in value.items() if key not in _OF_THE_RUN}
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value


def _images(root: Path) -> tuple[Path, Path, Path]:
    """Two brains and the first one's labels as files."""
    cohort = Synthetic(subjects=2, size=(20, 24, 20), spacing=8.0)
    for scan in cohort.scans():
        loaded = cohort.load(scan)
        write_volume(root / f"{scan.id}.nii.gz", loaded.image)
        write_volume(root / f"{scan.id}_labels.nii.gz", loaded.labels)
    return root / "S01.nii.gz", root / "S02.nii.gz", root / "S01_labels.nii.gz"


def _must(*arguments: str) -> None:
    with io.StringIO() as said, redirect_stdout(said), redirect_stderr(said):
        code = run(arguments)
        if code:
            raise SystemExit(f"contreg {' '.join(arguments)}: exit {code}: {said.getvalue()}")
