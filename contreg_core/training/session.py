"""A training session: a run folder, the loop, and what happens between steps (log, validate, save, stop in time)."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from contreg_core.cache import CachedCohort
from contreg_core.checkpoint import Checkpoint
from contreg_core.engine import Engine
from contreg_core.errors import ContregError, DataError
from contreg_core.plugins import HOUSE
from contreg_core.provenance import provenance
from contreg_core.ranks.layers import adopt
from contreg_core.ranks.setting_up import OtherRankError, all_or_none
from contreg_core.ranks.sharing import share_checkpoint
from contreg_core.recipe import Recipe, dump_recipe, resolve
from contreg_core.training.course import course
from contreg_core.training.finite import Watch
from contreg_core.training.initial import Initial
from contreg_core.training.loop import StepReport, TrainingState, train
from contreg_core.training.plan import LOG_EVERY, StepPlan, interval
from contreg_core.training.resuming import Resuming
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.run_record import RunRecord
from contreg_core.training.seeds import seed_torch
from contreg_core.training.snapshot import restore_state, save_model, save_state
from contreg_core.training.step_values import StepValues
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
        unlike = initial.unlike(self.recipe) if initial else ""
        self.warnings: list[str] = [unlike] if unlike else []
        self.record = RunRecord(run, self.warnings)
        self.resuming = Resuming(run, fall_back, initial.sha256 if initial else "", self.warnings)
        self.plugins = _used(self.recipe, catalogue, plugins or {})
        self.ranks_before = engine.ranks.count
        training, validation = hold_out(cohort.scans, self.scheme.validation)
        self.training_ids = [scan.id for scan in training]
        self.validation_ids = [scan.id for scan in validation]
        self.sums = cohort.sums((*self.training_ids, *self.validation_ids))
        with all_or_none(engine.ranks):
            self.course = course(self.recipe, cohort, training, validation, engine)
            self.feed, self.validator = self.course.feed, self.course.validator
            self.values = StepValues(Watch(self.feed))
            self.state = self._start(catalogue, initial)
            last = self._last(catalogue) if engine.ranks.first else None
        self.plan = StepPlan(self.scheme, self.state, self.feed.images[0].ndim - 2, max_seconds)
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
            # On a GPU reading a value would wait for the device.
            if not self.values.add(report, read=self.engine.device.type == "cpu"):
                raise self._not_finite()
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
        if not self.values.read():
            raise self._not_finite()
        if not self.engine.ranks.first:
            return
        self.run.keep_previous()
        save_state(self.run.checkpoint("last"), self.state, {**self._record(), "recent": self.values.recent})

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

    def _last(self, catalogue: "Catalogue") -> Checkpoint | None:
        return self.resuming.open(self.recipe, self._data(), self.record.so_far(), catalogue)

    def _resume(self, last: Checkpoint | None) -> bool:
        """Go on from a checkpoint, where there is one."""
        if last is not None:
            restore_state(last, self.state)
            self.values.recent = list(last.record.get("recent", ()))
            self.ranks_before = int(last.record.get("ranks", 1))
        if self.engine.ranks.first:
            self.run.rewind(self.state.step)
        return last is not None

    def _progress(self, last: StepReport) -> Progress:
        """Means since the last report, logged; raises ``DataError`` where the run has diverged."""
        values = self.values.means() if self.values.read() else {}
        if not values:
            raise self._not_finite()
        if not math.isfinite(values["loss"]):
            blamed = ", ".join(term for term, value in values.items() if not math.isfinite(value))
            raise self._diverged(f"not finite: {blamed.replace('_', ' ')}")
        line = {"step": last.step, "rate": last.rate, "seconds": round(self.state.elapsed, 3), **values}
        self._log(line)
        left = self.plan.left(self.state)
        return Progress(last.step, self.state.total, last.rate, self.state.elapsed, values, left=left)

    def _not_finite(self) -> ContregError:
        found = self.values.watch.describe(self.run.skipped) if self.engine.ranks.first else ""
        if not (self.engine.ranks.first and self.values.watch.from_the_start):
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

    def _data(self) -> dict[str, Any]:
        """The data as checkpoints describe them."""
        image = self.feed.images[0]
        return {
            "cohort": self.cohort.name,
            "cache": self.cohort.folder.name,
            "landmarks": list(self.cohort.landmarks),
            "grid": list(image.shape[2:]),
            "ndim": image.ndim - 2,
            "spacing": self.recipe.preprocessing.spacing,
            "training": self.training_ids,
            "validation": self.validation_ids,
            "scans": self.sums,
            **self.course.record,
        }

    def _record(self) -> dict[str, Any]:
        labels = [asdict(label) for label in self.cohort.labels]
        return {
            "recipe": dump_recipe(self.recipe),
            "data": self._data(),
            "labels": labels,
            "plugins": self.plugins,
            "initial": self.resuming.initial,
            "ranks": self.engine.ranks.count,
        }

    def _describe(self, plugins: Mapping[str, str]) -> None:
        """Where the run comes from; of one that goes on, where it does so."""
        here = provenance(self.engine.describe(), plugins)
        if not (self.resumed and self.record.so_far()):
            scans = [*self.training_ids, *self.validation_ids]
            own = {"model": self.recipe.name, "seed": self.scheme.seed, "max_seconds": self.max_seconds}
            own |= {"initial": self.resuming.initial} if self.resuming.initial else {}
            sources = {"sources": {scan: self.cohort.sources(scan) for scan in scans}}
            self.record.begin({**here, **own, **self._data(), **sources})
        elif not self.finished:
            self.record.go_on(self.state.step, here)

    def _close(self) -> None:
        self.record.finish(
            {
                "steps": self.state.step,
                "training_seconds": round(self.state.elapsed, 1),
                "peak_memory_mib": round(self.engine.peak_mib()),
                "best_validation": self.state.best if math.isfinite(self.state.best) else None,
            }
        )


def _used(recipe: Recipe, catalogue: "Catalogue", versions: Mapping[str, str]) -> dict[str, str]:
    """Distribution -> version of those the recipe's components come from, contreg itself left out."""
    keys = [(str(slot), choice.name) for slot, choice in recipe.parts.items()]
    keys += [("loss", term.choice.name) for term in recipe.losses.values()]
    owners = {catalogue.owners.get(key, HOUSE) for key in keys}
    return {owner: versions.get(owner, "") for owner in sorted(owners - {HOUSE})}


def _finite(model: torch.nn.Module) -> bool:
    return all(bool(value.isfinite().all()) for value in model.state_dict().values())
