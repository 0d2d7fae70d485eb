"""Evaluating from the shell: which model on which pairs, progress, files, the table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from contreg_cli.caches import open_cache
from contreg_cli.console import print_table
from contreg_cli.fleet import HERE, Fleet
from contreg_cli.options import DEFAULT_MODEL
from contreg_cli.shell import plugin_versions
from contreg_core.errors import UsageError

if TYPE_CHECKING:
    from contreg_core.cache import CachedCohort, CachedScan
    from contreg_core.catalogue import Catalogue
    from contreg_core.cohort import Protocol, Split
    from contreg_core.engine import Precision
    from contreg_core.evaluation import PairScore
    from contreg_core.inference.evaluate import Register
    from contreg_core.inference.evaluate_samples import Sampling
    from contreg_core.inference.register import Registrar
    from contreg_core.inference.segment import Fusion
    from contreg_core.inference.segmenter import TrainedSegmenter

    Pairs: TypeAlias = Sequence[tuple[CachedScan, CachedScan]]

T = TypeVar("T")
Summary = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What is to be evaluated: a run folder or model file, a solver's recipe, or ``none``: no registration."""

    model: str
    data: str | None = None
    cache: Path | None = None
    protocol: str | None = None
    split: "Split" = "test"
    limit: int | None = None
    output: Path | None = None
    device: str = "auto"
    precision: "Precision" = "auto"
    settings: tuple[str, ...] = ()
    symmetric: bool = False
    refine: int = 0
    samples: int = 0
    references: str | None = None
    fusion: "Fusion" = "majority"
    reuse: bool = False

    @property
    def drawn(self) -> tuple[str, ...]:
        """What is drawn beside the scores, for names of folders and fingerprints."""
        return (f"samples {self.samples}",) if self.samples else ()


@dataclass(frozen=True)
class Subject:
    """A model made ready: its name, the cohort it meets, how it scores pairs of it.

    ``identity`` tells it from any other. ``register`` is None for a segmenter. ``prediction`` is what is done to the
    network's own answer, as ``Registrar.prediction`` has it. ``sha256`` is that of the checkpoint, if it is of one.
    ``held_out`` is how many training subjects its recipe holds out for validation.
    """

    name: str
    cohort: "CachedCohort"
    identity: str
    scores: "Callable[[Pairs, Protocol], Iterator[PairScore]]"
    register: "Register | None"
    held_out: int
    prediction: tuple[str, ...] = ()
    sha256: str | None = None


def evaluate_request(request: Request, catalogue: "Catalogue", fleet: Fleet = HERE) -> tuple[Summary, Path]:
    """Register and score every pair; write ``pairs.csv`` and ``summary.json``; returns the summary and the folder.

    One that was stopped goes on where it was. ``request.reuse`` takes the scores of an earlier one of the same model
    under the same protocol, too. Of a shard the summary is empty while others have pairs left.
    """
    from contreg_cli.models import shown
    from contreg_cli.resuming import Scored, fingerprint
    from contreg_cli.scoring import score_pairs
    from contreg_core.evaluation import summarise, write_csv
    from contreg_core.files import probe, write_json
    from contreg_core.memory import reset_peak
    from contreg_core.provenance import finished, provenance

    reset_peak()
    told = provenance(_device(request), plugin_versions())
    subject = ready(request, catalogue)
    protocol = subject.cohort.protocol(request.protocol)
    folder = request.output or _folder(request, subject, protocol)
    probe(folder)
    mark = fingerprint(subject, protocol, request)
    scored = Scored(folder, mark, reuse=request.reuse, shard=fleet.shard)
    every = _pairs(subject, protocol, request)
    pairs = spread(every, request.limit)
    score_pairs(subject, protocol, request, pairs, scored, fleet)
    if fleet.shard and not all(scored.has(pair) for pair in pairs):
        scored.look_again()
        if not all(scored.has(pair) for pair in pairs):
            return {}, folder
    scores = [scored.of(pair) for pair in pairs]
    summary = {
        "model": shown(subject.name, subject.prediction),
        "data": subject.cohort.name,
        "cache": subject.cohort.folder.name,
        "split": request.split,
        "checkpoint_sha256": subject.sha256,
        "fingerprint": mark,
        "of_pairs": len(every),
        **summarise(scores, protocol),
        **({"images": len({score.fixed for score in scores})} if subject.register is None else {}),
    }
    write_csv(folder / "pairs.csv", scores)
    write_json(folder / "run.json", finished({**told, **_read(subject, scores)}))
    write_json(folder / "summary.json", summary)
    scored.close()
    return summary, folder


def _device(request: Request) -> str:
    from contreg_core.engine import Engine

    return "" if request.model == "none" else Engine.choose(request.device, request.precision).describe()


def _read(subject: Subject, scores: "Sequence[PairScore]") -> dict[str, Any]:
    """The model and the files that the scored scans were made from, by their sums."""
    scans = sorted({scan for score in scores for scan in (score.moving, score.fixed)})
    sources = {scan: subject.cohort.sources(scan) for scan in scans}
    return {"checkpoint_sha256": subject.sha256, "sources": sources}


def spread(items: Sequence[T], limit: int | None) -> list[T]:
    """``limit`` of the items, evenly apart, in order; all of them without a limit.

    >>> spread("abcdefghij", 3)
    ['a', 'd', 'g']
    """
    if limit is None or limit >= len(items):
        return list(items)
    return [items[number * len(items) // limit] for number in range(limit)]


def print_summary(summary: Summary) -> None:
    """The regions before and after, then everything else on lines."""
    partial = "" if summary["pairs"] == summary["of_pairs"] else f" of {summary['of_pairs']}"
    click.echo(
        f"{summary['model']} on {summary['data']} ({summary['split']}), protocol {summary['protocol']}: "
        f"{summary['pairs']}{partial} pairs{_images(summary)}"
    )
    print_table(
        ("region", "fused before", "fused", "95 %", "label-mean before", "label-mean", "95 %"), _rows(summary)
    )
    for line in _lines(summary):
        click.echo(line)


def _images(summary: Summary) -> str:
    return f", their {summary['images']} fixed images segmented" if "images" in summary else ""


def ready(request: Request, catalogue: "Catalogue") -> Subject:
    """The model of a request, loaded, and the prepared cohort it meets."""
    subject = _ready(request, catalogue)
    return _voting(subject, request) if request.references else subject


def _voting(subject: Subject, request: Request) -> Subject:
    """The subject's registrations carry the labels of many references, which vote."""
    from contreg_cli.segmenting import parse_count
    from contreg_core.inference.evaluate import kept_loader
    from contreg_core.inference.evaluate_references import References, reference_scans

    if subject.register is None:
        raise UsageError(f"'{subject.name}' labels images without references", "leave out --references")
    if request.samples:
        raise UsageError("--samples and --references are both given", "give one of them")
    scans = reference_scans(subject.cohort, request.split, subject.held_out)
    most = parse_count(request.references, from_cohort=True)
    voters = References(subject.register, scans, kept_loader(subject.cohort), most, request.fusion)
    told = f"references {len(scans) if most is None else min(most, len(scans))}", f"fusion {request.fusion}"
    return replace(
        subject,
        register=None,
        scores=partial(voters.scores, subject.cohort),
        prediction=(*subject.prediction, *told),
    )


def _ready(request: Request, catalogue: "Catalogue") -> Subject:
    from contreg_cli.models import load_model
    from contreg_core.engine import Engine
    from contreg_core.inference.evaluate import evaluate, kept_loader
    from contreg_core.inference.evaluate_labels import evaluate_segmenter
    from contreg_core.inference.segmenter import TrainedSegmenter
    from contreg_core.recipe import dump_recipe

    if request.model == "none":
        return _unregistered(request, catalogue)
    engine = Engine.choose(request.device, request.precision)
    how = request.settings, request.symmetric, request.refine
    model = load_model(request.model, catalogue, engine, *how)
    name = request.data or model.record.get("data", {}).get("cohort")
    if name is None:
        raise _no_cohort(request)
    spec = model.recipe.preprocessing
    sampling = _sampling(request, model)
    cohort = open_cache(catalogue, name, spec, request.cache, request.model, request.settings)
    sha256, held_out = model.record.get("sha256"), model.recipe.training.validation
    what = str(sha256 or dump_recipe(model.recipe))
    identity = f"{what} on {engine.device.type}{' in bfloat16' if engine.bfloat16 else ''}"
    if isinstance(model, TrainedSegmenter):
        scores = partial(evaluate_segmenter, model, cohort)
        return Subject(model.recipe.name, cohort, identity, scores, None, held_out, sha256=sha256)
    scores = partial(evaluate, model.register, cohort, load=kept_loader(cohort), sampling=sampling)
    own = model.register, held_out, model.prediction, sha256
    return Subject(model.recipe.name, cohort, identity, scores, *own)


def _sampling(request: Request, model: "Registrar | TrainedSegmenter") -> "Sampling | None":
    from contreg_core.inference.evaluate_samples import Sampling
    from contreg_core.inference.trained import registering

    return Sampling.of(registering(model, request.model), request.samples) if request.samples else None


def _no_cohort(request: Request) -> UsageError:
    return UsageError(f"--model {request.model} has no cohort of its own", "name one with --data")


def _unregistered(request: Request, catalogue: "Catalogue") -> Subject:
    from contreg_cli.recipes import find_recipe
    from contreg_cli.unregistered import identity
    from contreg_core.inference.evaluate import evaluate, kept_loader

    if request.symmetric:
        raise UsageError("--model none predicts nothing to make symmetric", "leave out --symmetric")
    if request.refine:
        raise UsageError("--model none predicts nothing to refine", "leave out --refine")
    if request.samples:
        raise UsageError("--model none predicts nothing to sample", "leave out --samples")
    if request.data is None:
        raise _no_cohort(request)
    recipe = find_recipe(catalogue, DEFAULT_MODEL, request.settings)
    spec = recipe.preprocessing
    cohort = open_cache(catalogue, request.data, spec, request.cache, settings=request.settings)
    scores = partial(evaluate, identity, cohort, load=kept_loader(cohort))
    return Subject("none", cohort, "none", scores, identity, recipe.training.validation)


def _folder(request: Request, subject: Subject, protocol: "Protocol") -> Path:
    """Inside the run; what has no run is scored here."""
    from contreg_core.training.run_folder import RunFolder

    run = Path(request.model)
    if not run.exists() or request.model == "none" or request.model.endswith(".toml"):
        score = f"{protocol.name}-{request.split}"
        return Path("evaluation", subject.name.replace("/", "-"), score.replace("/", "-"))
    made = (*subject.prediction, *request.drawn)
    return RunFolder(_run_folder(run)).evaluation(protocol.name, request.split, made)


def _run_folder(run: Path) -> Path:
    """Of a run folder or of a checkpoint in it; a model file is scored in a folder of its name beside it."""
    if run.is_dir():
        return run
    home = run.absolute().parent
    return home.parent if home.name == "checkpoints" else run.with_suffix("")


def _pairs(subject: Subject, protocol: "Protocol", request: Request) -> "Pairs":
    from contreg_core.inference.evaluate import evaluation_pairs

    return evaluation_pairs(subject.cohort, _scans(subject, request.split), protocol)


def _scans(subject: Subject, split: "Split") -> "Sequence[CachedScan]":
    """Of the training subjects those that trained, or those that were held out to choose by."""
    from contreg_core.training.validation import hold_out

    if split == "test":
        return subject.cohort.split("test")
    training, validation = hold_out(subject.cohort.scans, subject.held_out)
    return training if split == "train" else validation


def _rows(summary: Summary) -> list[tuple[str, ...]]:
    rows = [_row(name, region) for name, region in summary["regions"].items()]
    whole = {
        "fused": summary["dice_fused"],
        "fused_interval": summary["dice_fused_interval"],
        "labelmean": summary["dice_labelmean"],
        "labelmean_interval": summary["dice_labelmean_interval"],
        "initial_fused": summary["initial"]["dice_fused"],
        "initial_labelmean": summary["initial"]["dice_labelmean"],
    }
    return [*rows, _row("mean of regions", whole)]


def _row(name: str, dice: Summary) -> tuple[str, ...]:
    return (
        name,
        _figure(dice["initial_fused"]),
        _figure(dice["fused"]),
        _interval(dice["fused_interval"]),
        _figure(dice["initial_labelmean"]),
        _figure(dice["labelmean"]),
        _interval(dice["labelmean_interval"]),
    )


def _lines(summary: Summary) -> list[str]:
    missing = f" ({summary['surface_missing']} labels missing)" if summary["surface_missing"] else ""
    return [
        f"headline Dice ({summary['headline']}): {_figure(summary['dice'])}",
        f"label Dice: {_figure(summary['initial']['dice_labels'])} before, {_figure(summary['dice_labels'])} after, "
        f"95 % {_interval(summary['dice_labels_interval'])}",
        f"surface distance: HD95 {_figure(summary['hd95_mm'], 2)} mm, "
        f"ASSD {_figure(summary['assd_mm'], 2)} mm{missing}",
        *_folding(summary),
        *_calibration(summary),
        f"cost: {_figure(summary['seconds'], 2)} s {'an image' if 'images' in summary else 'a pair'}, "
        f"peak memory {_figure(summary['peak_memory_mib'], 0)} MiB",
    ]


def _calibration(summary: Summary) -> list[str]:
    """Only of what was sampled."""
    if "calibration" not in summary:
        return []
    found = summary["calibration"]
    return [
        f"calibration of {summary['samples']} samples: ECE {_figure(found['ece'])}, "
        f"95 % {_interval(found['ece_interval'])}; worst bin {_figure(found['mce'])}; "
        f"Brier {_figure(found['brier'])}; true label in no sample: {_figure(found['missed_percent'], 1)} % of voxels",
        f"uncertainty: {_figure(summary['uncertainty_mm'], 2)} mm, mean over the brain",
    ]


def _folding(summary: Summary) -> list[str]:
    """Only of what has a displacement."""
    if summary["folding_percent"] is None:
        return []
    return [
        f"folding: {_figure(summary['folding_percent'])} % of voxels; SDlogJ {_figure(summary['sdlogj'], 3)}"
    ]


def _figure(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(bounds: Sequence[float | None]) -> str:
    return "-" if None in bounds else "–".join(_figure(bound) for bound in bounds)
