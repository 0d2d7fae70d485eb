"""Every command that writes, on every input that it reads: what a test and the campaign try to have written over."""

import csv
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contreg_adapters.synthetic import Synthetic
from contreg_cli.main import run
from contreg_core.inference.belonging import registration_files, segmentation_files
from contreg_core.inference.names import PairNames
from contreg_core.transform import Grid, WorldField, write_field
from contreg_core.volume import write_volume

TINY = ("-s", "preprocessing.spacing=8.0")
FIT = (
    *("--data", "synthetic", "--device", "cpu", "--steps", "2", *TINY, "-s", "training.validation=2"),
    *("-s", "encoder.features=4,4", "-s", "decoder.features=vm1"),
)
LINKS: dict[str, Callable[[Path, Path], object]] = {
    "hard link": lambda source, to: os.link(source, to),
    "symbolic link": lambda source, to: to.symlink_to(source),
}


@dataclass(frozen=True)
class Case:
    """A command that reads ``inputs`` and would write ``outputs``, all below one folder; ``{}`` in it is an output."""

    name: str
    arguments: tuple[str, ...]
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]


@dataclass(frozen=True)
class Try:
    """A case with one of its outputs being one of its inputs; ``link`` says how."""

    case: Case
    source: Path
    output: Path
    link: str

    def __str__(self) -> str:
        return f"{self.case.name}: {self.output.name} is a {self.link} to {self.source.name}"

    def fault(self, call: Callable[[Sequence[str]], int]) -> str:
        """What went wrong: "" where the command refused (73) and every input is as it was."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            self.output.unlink()
        LINKS[self.link](self.source, self.output)
        before = {path: sha256(path) for path in self.case.inputs}
        code = call([part.replace("{}", str(self.output)) for part in self.case.arguments])
        changed = [path.name for path, known in before.items() if sha256(path) != known]
        replaced = not (self.output.exists() and self.output.samefile(self.source))
        self.output.unlink(missing_ok=True)
        if changed or replaced:
            return f"{self}: written over {', '.join(changed)}"
        return "" if code == 73 else f"{self}: exit {code}"


def sha256(path: Path) -> str:
    """Of a file; empty where it is gone."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def tries(cases: Sequence[Case], *, few: bool) -> Iterator[Try]:
    """Every input as every output by every link; ``few``: every input and every output once, by links in turn."""
    turn = 0
    for case in cases:
        pairs = [(source, output) for source in case.inputs for output in case.outputs]
        if few:
            most = max(len(case.inputs), len(case.outputs))
            pairs = [
                (case.inputs[at % len(case.inputs)], case.outputs[at % len(case.outputs)])
                for at in range(most)
            ]
        for source, output in pairs:
            turn += 1
            for link in [list(LINKS)[turn % 2]] if few else LINKS:
                yield Try(case, source, output, link)


def build(root: Path) -> list[Case]:
    """Files, a cache, a run, evaluations; and the commands on them."""
    root.mkdir(parents=True, exist_ok=True)
    brains = _brains(root)
    cache, model = root / "cache", root / "run"
    _must("prepare", "--data", "synthetic", *TINY, "-s", "cohort.size=20,24,20", "-s", "cohort.spacing=8.0",
          "-s", "cohort.subjects=6", "--cache", cache)  # fmt: skip
    _must("fit", "--model", "voxelmorph/mse", *FIT, "--cache", cache, "--run", model)
    weights, recipe = root / "model.safetensors", root / "mine.toml"
    shutil.copy(model / "recipe.toml", recipe)
    _must("export", model, weights)
    scores = ["evaluate", "--model", "none", "--data", "synthetic", *TINY, "--cache", cache]
    for name in ("one", "two"):
        _must(*scores, "--output", root / name)
    _must("evaluate", model, "--cache", cache, "--device", "cpu")
    evaluations = [path for name in ("one", "two") for path in _evaluation(root / name)]
    cached = [next(cache.glob("*/cohort.json")), *sorted(cache.glob("*/subjects/*.h5"))[:2]]
    run_files = [model / "recipe.toml", model / "run.json", model / "metrics.jsonl",
                 model / "checkpoints" / "last.safetensors"]  # fmt: skip
    own = _evaluation(next(model.glob("evaluation/*")))
    return [
        *_registering(root, brains, weights),
        *_transforming(root, brains),
        Case("compare", ("compare", str(root / "one"), str(root / "two"), "-o", "{}"), (*evaluations,),
             (root / "t.csv", root / "t.json")),
        Case("report", ("report", str(model), "--cache", str(cache), "-o", "{}"), (*run_files, *own),
             (root / "r.html",)),
        Case("report --figure", ("report", str(model), "--cache", str(cache), "--figure", "{}"), (*run_files, *own),
             (root / "r.png",)),
        Case("export", ("export", str(model), "{}"), (*run_files,), (root / "e.safetensors",)),
        Case("evaluate", ("evaluate", str(model), "--cache", str(cache), "--output", str(root / "scores")),
             (*run_files[:1], model / "checkpoints" / "best.safetensors", *cached),
             tuple(root / "scores" / name for name in ("pairs.csv", "summary.json", "run.json", "work.jsonl"))),
        Case("fit", ("fit", "--model", str(recipe), "--init", str(weights), *FIT, "--cache", str(cache),
                     "--run", str(root / "new")),
             (recipe, weights, *cached),
             (root / "new" / "recipe.toml", root / "new" / "metrics.jsonl", root / "new" / "run.json",
              root / "new" / "checkpoints" / "best.safetensors")),
        Case("benchmark", ("benchmark", "table1", "--data", "synthetic", "--only", "none", *TINY, "--cache", str(cache),
                           "-o", str(root / "table"), "--no-figures"),
             (*cached,), tuple(root / "table" / f"table.{kind}" for kind in ("csv", "json", "html"))),
        *_preparing(root, brains),
    ]  # fmt: skip


def _brains(root: Path) -> dict[str, Path]:
    """Two images with labels and masks, a table, points, a field."""
    cohort = Synthetic(subjects=2, size=(20, 24, 20), spacing=8.0)
    found: dict[str, Path] = {}
    for name, scan in zip(("moving", "fixed"), cohort.scans(), strict=True):
        loaded = cohort.load(scan)
        assert loaded.labels is not None
        found |= {name: root / f"{name}.nii.gz", f"{name}_labels": root / f"{name}_labels.nii.gz"}
        found[f"{name}_mask"] = root / f"{name}_mask.nii.gz"
        write_volume(found[name], loaded.image)
        write_volume(found[f"{name}_labels"], loaded.labels)
        mask = type(loaded.image)((loaded.labels.array > 0).astype(np.uint8), loaded.image.affine)
        write_volume(found[f"{name}_mask"], mask)
    found |= {"table": root / "names.csv", "points": root / "points.csv", "field": root / "field.nii.gz"}
    found["table"].write_text("index,name\n1,one\n")
    found["points"].write_text("x,y,z\n1,2,3\n")
    grid = Grid.of(loaded.image)
    write_field(found["field"], WorldField(np.zeros((3, *grid.shape), np.float32), grid), "itk", moving=grid)
    return found


def _registering(root: Path, brains: dict[str, Path], weights: Path) -> list[Case]:
    moving, fixed = brains["moving"], brains["fixed"]
    pair = (moving, fixed, *(brains[name] for name in ("moving_labels", "moving_mask", "fixed_mask")))
    names = PairNames.of(moving, fixed)
    pairs, images = root / "pairs.csv", root / "images.csv"
    _table(pairs, [("moving", "fixed", "moving_labels", "id"), (*(path.name for path in pair[:3]), "first")])
    _table(images, [("image", "id"), (fixed.name, "first"), (moving.name, "second")])
    masks = ("--moving-labels", str(pair[2]), "--moving-mask", str(pair[3]), "--fixed-mask", str(pair[4]))
    to, labels = root / "out", brains["moving_labels"]
    model = ("--model", str(weights), "--device", "cpu")
    atlas = ("--atlas", f"{moving}:{labels}", "--label-table", str(brains["table"]))
    read = (fixed, moving, labels, brains["table"], weights)
    many = tuple(registration_files(to / "first", names))
    return [
        Case("register", ("register", str(moving), str(fixed), *masks, *model, "-o", str(to)), (*pair, weights),
             tuple(registration_files(to, names))),
        Case("register --pairs", ("register", "--pairs", str(pairs), *model, "-o", str(to)), (*pair[:3], weights),
             many),
        Case("register --pairs, the list", ("register", "--pairs", str(pairs), *model, "-o", str(to)), (pairs,),
             (to / "work.jsonl", to / "failures.jsonl", to / "SHA256SUMS")),
        Case("segment", ("segment", str(fixed), *atlas, *model, "-o", str(to)), read,
             (*segmentation_files(to, "fixed"), to / "fixed_label-1_probseg.nii.gz")),
        Case("segment --images", ("segment", "--images", str(images), *atlas, *model, "-o", str(to)), read,
             tuple(segmentation_files(to, "first"))),
        Case("segment --images, the list", ("segment", "--images", str(images), *atlas, *model, "-o", str(to)),
             (images,),
             (to / "work.jsonl", to / "failures.jsonl", to / "SHA256SUMS")),
    ]  # fmt: skip


def _transforming(root: Path, brains: dict[str, Path]) -> list[Case]:
    field, image = brains["field"], brains["fixed"]
    grids = ("--moving", str(brains["moving"]), "--fixed", str(image))
    kinds = ("--field-format", "itk")
    read = (field, brains["moving"], image)
    copy = root / "second.nii.gz"
    shutil.copy(field, copy)
    for path in (field, copy):  # composing takes no --field-format
        _must("transform", "convert", path, path, *kinds, "--overwrite")
    outputs = (root / "t.nii.gz", root / "t.json")
    named = str(outputs[0])
    transform = [
        Case("transform convert", ("transform", "convert", str(field), named, *grids),
             (*read, root / "field.json"), outputs),
        Case("transform convert to h5", ("transform", "convert", str(field), "{}", *grids), read, (root / "t.h5",)),
        Case("transform invert", ("transform", "invert", str(field), named, *grids), read, outputs),
        Case("transform compose", ("transform", "compose", str(field), str(copy), named, "--fixed", str(image)),
             (field, copy, image), outputs),
    ]  # fmt: skip
    warp = [
        Case(f"warp {what}", ("warp", str(brains[what]), "-t", str(field), "-o", "{}", *more, *grids),
             (brains[what], *read), (root / f"w{ending}",))
        for what, ending, *more in (
            ("moving", ".nii.gz"), ("moving_labels", ".nii.gz", "--interpolation", "label"), ("points", ".csv"))
    ]  # fmt: skip
    return [*transform, *warp]


def _preparing(root: Path, brains: dict[str, Path]) -> list[Case]:
    study, made = root / "study.csv", root / "made"
    rows = [(name, f"{name}.nii.gz", f"{name}_labels.nii.gz") for name in ("moving", "fixed")]
    _table(study, [("id", "image", "label"), *rows])
    prepare = ("prepare", "--data", "manifest", "--source", str(study), *TINY, "--cache", str(made))
    _must(*prepare)
    folder = next(made.iterdir())
    outputs = ("cohort.json", "work.jsonl", "failures.jsonl", "subjects/moving.h5")
    inputs = (study, *(brains[name] for name in ("moving", "moving_labels", "fixed")))
    return [Case("prepare", prepare, inputs, tuple(folder / name for name in outputs))]


def _evaluation(folder: Path) -> list[Path]:
    return [folder / name for name in ("summary.json", "pairs.csv", "run.json")]


def _table(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def _must(*arguments: object) -> None:
    code = run([str(argument) for argument in arguments])
    if code:
        raise SystemExit(f"contreg {' '.join(map(str, arguments))}: exit {code}")
