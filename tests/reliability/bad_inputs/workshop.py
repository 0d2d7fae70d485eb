"""A place with whole files, finished outputs and a small model, where one file at a time goes bad."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from contreg_adapters.synthetic import Synthetic
from contreg_cli.main import run
from contreg_core.engine import Engine
from contreg_core.plugins import load_catalogue
from contreg_core.prepare import Preparation, prepare
from contreg_core.recipe import override
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session
from contreg_core.volume import write_volume

NOBODY = 65534


def build(folder: Path) -> Path:
    """Three brains of 20 x 24 x 20 voxels with labels, a run of two steps, an identity field; made once."""
    catalogue = load_catalogue(plugins=False)
    small = ["training.steps=2", "training.validation=0", "preprocessing.spacing=8.0", "decoder.features=vm1"]
    recipe = override(catalogue.recipe("voxelmorph/mse"), small, catalogue)
    cohort = Synthetic(subjects=3, size=(20, 24, 20), spacing=8.0)
    plan = Preparation.plan(cohort, recipe.preprocessing, folder / "cache")
    cached = plan.finish(cohort.scans(), list(prepare(plan, cohort.scans())))
    list(
        Session(
            recipe, cached, RunFolder(folder / "run"), Engine.choose("cpu", "float32"), catalogue
        ).advance()
    )
    for scan in cohort.scans():
        loaded = cohort.load(scan)
        assert loaded.labels is not None
        write_volume(folder / f"{scan.id}.nii.gz", loaded.image)
        write_volume(folder / f"{scan.id}_labels.nii.gz", loaded.labels)
    _identity(folder / "S01.nii.gz", folder / "field.nii.gz")
    return folder


def _identity(image: Path, target: Path) -> None:
    """A field of zeros that says it is ITK's."""
    about = nib.load(image)
    field = nib.Nifti1Image(np.zeros((*about.shape, 1, 3), np.float32), about.affine)
    field.header.set_intent(1007)
    field.to_filename(target)
    target.with_name("field.json").write_text(json.dumps({"format": "itk"}))


@dataclass(frozen=True)
class Workshop:
    """A copy of it that one case may spoil."""

    root: Path
    output: Path

    @classmethod
    def copied(cls, built: Path, target: Path) -> "Workshop":
        shutil.copytree(built, target, ignore=shutil.ignore_patterns("cache"))
        output = target / "out"
        output.mkdir()
        (output / "finished.nii.gz").write_bytes((built / "S02.nii.gz").read_bytes())
        return cls(target, output)

    def path(self, name: str) -> Path:
        return self.root / name

    def spoiled(self, command: str) -> Path:
        """The file that goes bad under this command, and under which name it is given."""
        labels = command.endswith("-labels")
        return self.path("S01_labels.nii.gz" if labels else "S01.nii.gz")

    def line(self, command: str, bad: Path) -> list[str]:
        """The command line that meets the bad file."""
        good, labels, run_folder = self.path("S02.nii.gz"), self.path("S02_labels.nii.gz"), self.path("run")
        device = ["--device", "cpu", "--precision", "float32"]
        model = ["--model", str(run_folder), "-o", str(self.output), *device]
        register = ["register", *model, "--affine", "none"]
        warp = ["warp", "-t", str(self.path("field.nii.gz")), "-o", str(self.output / "warped.nii.gz")]
        lines = {
            "register-moving": [*register, "--", str(bad), str(good)],
            "register-fixed": [*register, "--", str(good), str(bad)],
            "register-labels": [
                *register,
                *("--moving-labels", str(bad), "--", str(self.path("S01.nii.gz")), str(good)),
            ],
            "segment": ["segment", *model, "--atlas", f"{good}:{labels}", "--", str(bad)],
            "segment-atlas": ["segment", *model, "--atlas", f"{bad}:{labels}", "--", str(good)],
            "segment-atlas-labels": [
                *("segment", *model, "--atlas", f"{self.path('S01.nii.gz')}:{bad}", "--", str(good)),
            ],
            "warp": [*warp, "--", str(bad)],
            "warp-labels": [*warp, "--interpolation", "label", "--", str(bad)],
        }
        if command in lines:
            return lines[command]
        manifest = self.manifest(bad, command.endswith("-labels"))
        if command.startswith("check"):
            return ["data", "check", "manifest", "--source", str(manifest)]
        return [
            *("prepare", "--data", "manifest", "--source", str(manifest)),
            *("--cache", str(self.output), "--spacing", "0"),
        ]

    def manifest(self, bad: Path, labels: bool) -> Path:
        """Two scans, the first with the bad file."""
        path = self.path("study.csv")
        first = (self.path("S01.nii.gz"), bad) if labels else (bad, self.path("S01_labels.nii.gz"))
        second = self.path("S02.nii.gz"), self.path("S02_labels.nii.gz")
        rows = ["id,image,label,split"]
        rows += [f"{i},{_cell(a)},{_cell(b)},train" for i, (a, b) in (("one", first), ("two", second))]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return path

    def finished(self) -> dict[str, str]:
        """SHA-256 of every finished output, and nothing temporary beside them."""
        files = [p for p in sorted(self.output.rglob("*")) if p.is_file()]
        assert not [path for path in files if path.name.startswith(".tmp-")]
        own = [path for path in files if path.name not in ("failures.jsonl", "cohort.json")]
        return {str(p.relative_to(self.output)): hashlib.sha256(p.read_bytes()).hexdigest() for p in own}

    def failures(self) -> list[dict[str, Any]]:
        """Every record of every ``failures.jsonl``."""
        found = sorted(self.output.rglob("failures.jsonl"))
        return [json.loads(line) for path in found for line in path.read_text().splitlines()]


def _cell(path: Path) -> str:
    quoted = str(path).replace('"', '""')
    return f'"{quoted}"'


@contextmanager
def without_rights() -> Iterator[None]:
    """As a person whom permissions bind; root is not bound by any."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def call(arguments: list[str]) -> int:
    """One command line in this process."""
    return run(arguments)
