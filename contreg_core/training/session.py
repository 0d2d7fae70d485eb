"""A training session: a run folder, the loop, and what happens between steps (log, validate, save, stop in time)."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from contreg_core.cache import CachedCohort
from contreg_core.checkpoint import Checkpoint, read_checkpoint
from contreg_core.engine import Engine
from contreg_core.errors import ContregError, DataError, MismatchError
from contreg_core.files import storage_error, write_json, write_text
from contreg_core.plugins import HOUSE
from contreg_core.provenance import finished, now, provenance
from contreg_core.ranks.layers import adopt
from contreg_core.ranks.setting_up import OtherRankError, all_or_none
from contreg_core.ranks.sharing import share_checkpoint
from contreg_core.recipe import Recipe, dump_recipe, resolve
from contreg_core.recipe.difference import difference, same
from contreg_core.sums import is_listed, record_sums
from contreg_core.training.course import course
from contreg_core.training.finite import Watch
from contreg_core.training.initial import Initial
from contreg_core.training.loop import StepReport, TrainingState, train
from contreg_core.training.plan import LOG_EVERY, Plan, interval
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.seeds import seed_torch
from contreg_core.training.snapshot import restore_state, save_model, save_state
from contreg_core.training.validation import Validation, hold_out

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

_SAVE_SECONDS = 120.0
_VALIDATIONS, _COARSE_VALIDATIONS = 10, 3


@dataclass(frozen=True)
class Progress:
    """Where a run is: ``step`` of ``total``, mean values since the last report, a validation if one was just made.

    ``left``: seconds to go, where a limit of time is what ends the run.
    """

    step: int
    total: int
    rate: float
    seconds: float
    values: Mapping[str, float]
    validation: Validation | None = None
    left: float | None = None


class Session:
    """One training run from its recipe to its checkpoints; starting it again goes on where it stopped.

    ``max_seconds`` limits the whole run beside the scheme's steps: where they would take longer, fewer are planned from
    the measured speed, so that the learning rate still comes down at the end. A run without it is bitwise repeatable
    on a CPU, killed or not.

    ``initial`` are weights to start from; a run that goes on has its own.

    On several ranks all make the same steps and stop after the same one; rank 0 has the folder, and validates.
    """

    def __init__(
        self,
        recipe: Recipe,
        cohort: CachedCohort,
        run: RunFolder,
        engine: Engine,
        catalogue: "Catalogue",
        *,
        max_seconds: float = 0.0,
        plugins: Mapping[str, str] | None = None,
        fall_back: bool = False,
        initial: Initial | None = None,
    ) -> None:
        self.recipe = resolve(recipe, catalogue)
        self.scheme = self.recipe.training
        self.cohort = cohort
        self.run = run
        self.engine = engine
        self.max_seconds = max_seconds
        self.stopping = False
        self.fall_back = fall_back
        unlike = initial.unlike(self.recipe) if initial else ""
        self.warnings: list[str] = [unlike] if unlike else []
        self.initial = initial.sha256 if initial else ""
        self.plugins = _used(self.recipe, catalogue, plugins or {})
        self.unread: list[StepReport] = []
        self.recent: list[dict[str, float]] = []
        self.ranks_before = engine.ranks.count
        training, validation = hold_out(cohort.scans, self.scheme.validation)
        self.training_ids = [scan.id for scan in training]
        self.validation_ids = [scan.id for scan in validation]
        with all_or_none(engine.ranks):
            self.course = course(self.recipe, cohort, training, validation, engine)
            self.feed, self.validator = self.course.feed, self.course.validator
            self.watch = Watch(self.feed)
            self.state = self._start(catalogue, initial)
            last = self._open(catalogue) if engine.ranks.first else None
        self.plan = Plan(self.scheme, self.state, self.feed.images[0].ndim - 2, max_seconds)
        with all_or_none(engine.ranks):
            self.resumed = self._resume(share_checkpoint(last, engine.ranks))
            if engine.ranks.first:
                self._describe(plugins or {})
                if self.finished:
                    self._close()  # unless a kill came between the last checkpoint and this, it is done

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return self.state.step >= self.state.total

    def stop(self) -> None:
        """Ask ``advance`` to save and end after the step it is in (safe from a signal handler)."""
        self.stopping = True

    def advance(self) -> Iterator[Progress]:
        """Train to the end; yields every ``20`` steps and at every validation. Safe to abandon: call ``save`` first."""
        clock, saved, before = time.perf_counter(), time.perf_counter(), self.state.elapsed
        agreed = self.engine.ranks.largest
        for report in train(self.state, self.scheme, self.feed, self.engine):
            self.unread.append(report)
            if self.engine.device.type == "cpu":  # elsewhere reading a value would wait for the device
                self._read()
            started, time_now = self.state.elapsed, time.perf_counter()
            self.state.elapsed, unsaved, stop = agreed(
                before + time_now - clock, time_now - saved, self.stopping
            )
            self.plan.after_step(self.state, self.state.elapsed - started)
            due = self._validation_due()
            if due or report.step % LOG_EVERY == 0 or report.step == self.state.total:
                progress = self._progress(report)
                yield replace(progress, validation=self._validate()) if due else progress
                self.state.elapsed = agreed(before + time.perf_counter() - clock)[0]
                self.plan.renew(self.state)
            elif self.plan.due(self.state):
                self.plan.renew(self.state)
            if stop:
                break
            if unsaved > _SAVE_SECONDS:
                self.save()
                saved = time.perf_counter()
        self.save()
        if self.finished and self.engine.ranks.first:
            self._close()

    def save(self) -> None:
        """Write the ``last`` checkpoint now; raises ``DataError`` instead where the weights are not finite."""
        if not (_finite(self.state.model) and _finite(self.state.objective)):
            raise self._diverged("the weights are not finite")
        self._read()
        if not self.engine.ranks.first:
            return
        self.run.keep_previous()
        save_state(self.run.checkpoint("last"), self.state, {**self._record(), "recent": self.recent})

    def _start(self, catalogue: "Catalogue", initial: Initial | None) -> TrainingState:
        seed_torch("weights", self.scheme.seed)
        model, objective = self.course.build(catalogue, self.feed.images[0].ndim - 2)
        if initial is not None:
            initial.fill(model)
        for part in (model, objective):
            adopt(part)
            self.engine.place(part)
        self.engine.compile(model)
        return TrainingState.start(model, objective, self.scheme, self.feed)

    def _open(self, catalogue: "Catalogue") -> Checkpoint | None:
        """The last checkpoint in the folder; raises ``MismatchError`` where it is of another recipe, or other data."""
        text = dump_recipe(self.recipe)
        before = self.run.read_recipe()
        if before and not same(before, self.recipe, catalogue):
            apart = difference(before, text)
            raise MismatchError(
                f"{self.run.path}: holds a run of another recipe{apart and f' ({apart})'}",
                "give --run another folder, or the same settings as before",
            )
        write_text(self.run.recipe, text)
        self.run.remove_leftovers()
        last = self.run.checkpoint("last")
        if not last.is_file():
            if self._told().get("initial") and not self.initial:
                raise MismatchError(
                    f"{self.run.path}: holds a run that started from given weights and ended before it saved any",
                    "give --init as before, or --run another folder",
                )
            return None
        checkpoint = self._whole(last)
        self._check_data(checkpoint.record["data"])
        self._check_initial(str(checkpoint.record.get("initial", "")))
        return checkpoint

    def _resume(self, last: Checkpoint | None) -> bool:
        """Go on from a checkpoint, where there is one."""
        if last is not None:
            restore_state(last, self.state)
            self.recent = list(last.record.get("recent", ()))
            self.ranks_before = int(last.record.get("ranks", 1))
        if self.engine.ranks.first:
            self.run.rewind(self.state.step)
        return last is not None

    def _whole(self, last: Path) -> Checkpoint:
        """The checkpoint ``last``, or, where it is damaged and falling back is allowed, the one before."""
        before = self.run.checkpoint("previous")
        try:
            return read_checkpoint(last)
        except DataError as error:
            if not before.is_file():
                raise
            if not self.fall_back:
                raise DataError(
                    error.message, "go on from the one before: --resume auto", code=error.code
                ) from error
            self.warnings.append(f"{error.message}; going on from {before.name}")
            return read_checkpoint(before)

    def _check_data(self, data: Mapping[str, Any]) -> None:
        own = self._record()["data"]
        differing = [key for key in own if data.get(key) != own[key]]
        if differing:
            raise MismatchError(
                f"{self.run.path}: holds a run on other data ({', '.join(differing)} differ)",
                "give --run another folder, or the same data as before",
            )

    def _check_initial(self, before: str) -> None:
        if self.initial not in ("", before):
            raise MismatchError(
                f"{self.run.path}: holds a run that started from {'other' if before else 'no given'} weights",
                "give --run another folder, or --init as before (going on needs none)",
            )
        self.initial = before

    def _read(self) -> None:
        """The values of finished steps, but of those that were skipped; raises ``DataError`` at three in a row."""
        unread, self.unread = self.unread, []
        for report in unread:
            values = _values(report)
            if self.watch.see(report.step, values):
                self.recent.append(values)
            elif self.watch.over:
                raise self._not_finite()

    def _progress(self, last: StepReport) -> Progress:
        """Means since the last report, logged; raises ``DataError`` where the run has diverged."""
        self._read()
        rows, self.recent = self.recent, []
        if not rows:
            raise self._not_finite()
        values = {name: _mean([row[name] for row in rows]) for name in rows[-1]}
        if not math.isfinite(values["loss"]):
            blamed = ", ".join(term for term, value in values.items() if not math.isfinite(value))
            raise self._diverged(f"not finite: {blamed.replace('_', ' ')}")
        line = {"step": last.step, "rate": last.rate, "seconds": round(self.state.elapsed, 3), **values}
        self._log(line)
        left = self.plan.left(self.state)
        return Progress(last.step, self.state.total, last.rate, self.state.elapsed, values, left=left)

    def _not_finite(self) -> ContregError:
        found = self.watch.describe(self.run.skipped) if self.engine.ranks.first else ""
        if not (self.engine.ranks.first and self.watch.from_the_start):
            return self._diverged(found)
        checks = " or ".join(f"contreg plugins check {owner}" for owner in self.plugins)
        remedy = f"for its author: {checks}" if checks else "look at its knobs and weight: contreg show NAME"
        return DataError(f"{found}, before any weight had changed", remedy, code="PLUG-59")

    def _diverged(self, found: str) -> ContregError:
        if not self.engine.ranks.first:  # it is so on every rank
            return OtherRankError(DataError.exit_code)
        last = self.run.checkpoint("last").is_file()
        kept = "the last finite checkpoint is kept" if last else "no checkpoint was made before"
        gentler = f"-s training.learning_rate={self.scheme.learning_rate / 3:.1g}"
        return DataError(
            f"{found} by step {self.state.step}; {kept}",
            f"lower the rate ({gentler}) or clip the gradient (-s training.clip_norm=1), in another --run folder",
            code="NUM-61",
        )

    def _validation_due(self) -> bool:
        return self.finished or (
            self._validates(self.state.step)
            and not self.plan.over(self.state, 2 * self.plan.validation_seconds)
        )

    def _validates(self, step: int) -> bool:
        """Whether a step is one of those after which the subjects held out are registered."""
        every, coarse = self.scheme.validate_every, self.state.coarse
        if every:
            return step % every == 0
        if step <= coarse:
            return step == coarse or step % interval(coarse, _COARSE_VALIDATIONS) == 0
        return (step - coarse) % interval(self.state.total - coarse, _VALIDATIONS) == 0

    def _validate(self) -> Validation | None:
        started, ranks = time.perf_counter(), self.engine.ranks
        validation = self.validator(self.state) if ranks.first else None
        value = validation.value if validation else -math.inf
        self.plan.validation_seconds, value = ranks.largest(time.perf_counter() - started, value)
        better, self.state.best = value > self.state.best, max(value, self.state.best)
        if validation is None:
            return None
        self._log({"step": validation.step, f"validation_{validation.name}": validation.value})
        if better:
            save_model(self.run.checkpoint("best"), self.state, self._record())
        return validation

    def _log(self, line: Mapping[str, Any]) -> None:
        if self.engine.ranks.first:
            self.run.log(line)

    def _record(self) -> dict[str, Any]:
        image = self.feed.images[0]
        data = {
            "cohort": self.cohort.name,
            "cache": self.cohort.folder.name,
            "landmarks": list(self.cohort.landmarks),
            "grid": list(image.shape[2:]),
            "ndim": image.ndim - 2,
            "spacing": self.recipe.preprocessing.spacing,
            "training": self.training_ids,
            "validation": self.validation_ids,
            **self.course.record,
        }
        labels = [asdict(label) for label in self.cohort.labels]
        return {
            "recipe": dump_recipe(self.recipe),
            "data": data,
            "labels": labels,
            "plugins": self.plugins,
            "initial": self.initial,
            "ranks": self.engine.ranks.count,
        }

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say in ``run.json`` how training ended, where it did not end well; ``advance`` goes on inside."""
        try:
            yield
        except ContregError as error:
            if self.engine.ranks.first:
                with suppress(ContregError):  # where training failed for want of space, this fails too
                    self._tell(stopped=now(), exit_code=error.exit_code, message=error.message)
            raise

    def _describe(self, plugins: Mapping[str, str]) -> None:
        """Where the run comes from; of one that goes on, where it does so."""
        here = provenance(self.engine.describe(), plugins)
        before = self._told()
        if not (self.resumed and before):
            scans = [*self.training_ids, *self.validation_ids]
            own = {"model": self.recipe.name, "seed": self.scheme.seed, "max_seconds": self.max_seconds}
            own |= {"initial": self.initial} if self.initial else {}
            sources = {"sources": {scan: self.cohort.sources(scan) for scan in scans}}
            write_json(self.run.provenance, {**here, **own, **self._record()["data"], **sources})
        elif not self.finished:
            changed = {key: value for key, value in here.items() if before.get(key) != value}
            self._tell(resumed=[*before.get("resumed", []), {"step": self.state.step, **changed}])

    def _close(self) -> None:
        record = self._told()
        if "finished" not in record or "stopped" in record:
            record = {key: value for key, value in record.items() if key not in ("stopped", "message")}
            write_json(self.run.provenance, finished(record) | self._ended())
        if not is_listed(self.run.provenance):  # it is written last but one
            record_sums(self.run.path, filter(Path.is_file, self.run.finished()))

    def _ended(self) -> dict[str, Any]:
        return {
            "warnings": self._told().get("warnings", []),
            "steps": self.state.step,
            "training_seconds": round(self.state.elapsed, 1),
            "peak_memory_mib": round(self.engine.peak_mib()),
            "best_validation": self.state.best if math.isfinite(self.state.best) else None,
        }

    def _tell(self, **facts: Any) -> None:
        """Add to ``run.json``, warnings included."""
        before = self._told()
        warnings = list(dict.fromkeys((*before.get("warnings", []), *self.warnings)))
        write_json(self.run.provenance, {**before, **facts, "warnings": warnings})

    def _told(self) -> dict[str, Any]:
        """What ``run.json`` says so far; nothing where it is gone or damaged, for training needs none of it.

        Raises ``StorageError`` where it is there and cannot be read: what is written next would lose it.
        """
        try:
            found = json.loads(self.run.provenance.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        except OSError as error:
            raise storage_error(error, self.run.provenance) from error
        return found if isinstance(found, dict) else {}


def _values(report: StepReport) -> dict[str, float]:
    terms = {name: float(value) for name, value in report.terms.items()}
    return {"loss": float(report.total), **terms, "gradient_norm": float(report.gradient_norm)}


def _used(recipe: Recipe, catalogue: "Catalogue", versions: Mapping[str, str]) -> dict[str, str]:
    """Distribution -> version of those the recipe's components come from, contreg itself left out."""
    keys = [(str(slot), choice.name) for slot, choice in recipe.parts.items()]
    keys += [("loss", term.choice.name) for term in recipe.losses.values()]
    owners = {catalogue.owners.get(key, HOUSE) for key in keys}
    return {owner: versions.get(owner, "") for owner in sorted(owners - {HOUSE})}


def _finite(model: torch.nn.Module) -> bool:
    return all(bool(value.isfinite().all()) for value in model.state_dict().values())


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
