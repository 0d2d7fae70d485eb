"""RegistrationTask from the shell: one pair, or all pairs of a list, a folder each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg import limits
from contreg.fleet import Fleet, refuse_failures, work_through
from contreg.front import front
from contreg.inference_request import InferenceRequest
from contreg.item_result import ItemResult, say
from contreg.lists import ImagePair
from contreg_core.errors import ContregError, OutputError, RetryError, StorageError, UsageError
from contreg_core.failures import noted
from contreg_core.fleet.keys import digest, stamps
from contreg_core.fleet.report import ItemReport
from contreg_core.fleet.work_list import Unit, WorkList
from contreg_core.inference.names import PairNames, stem

if TYPE_CHECKING:
    from contreg_core.inference.quality import Quality
    from contreg_core.inference.register import FieldGrid
    from contreg_core.inference.registrar import Registrar
    from contreg_core.transform import FieldFormat
    from contreg_core.volume import ReadChoice


@dataclass(frozen=True)
class RegistrationTask:
    """How every pair is registered."""

    asked: InferenceRequest
    form: "FieldFormat"
    field_grid: "FieldGrid"
    background: float | None
    choice: "ReadChoice"
    timeout: str | None
    overwrite: bool = False

    def refuse(self, pair: ImagePair, folder: Path) -> None:
        """Raise ``OutputError`` where the pair's outputs would be written over an input or another pair's."""
        from contreg_core.inference.belonging import Origin, refuse_other_pair, registration_files
        from contreg_core.overwriting import refuse_inputs
        from contreg_core.training.run_folder import model_files

        if not self.overwrite:
            names = PairNames.of(pair.moving, pair.fixed)
            inputs = [*pair.files, *model_files(Path(self.asked.model))]
            refuse_inputs(registration_files(folder, names), inputs, overwrite=False)
            refuse_other_pair(folder, names, Origin.of(pair.moving), Origin.of(pair.fixed))

    def run(self, pair: ImagePair, folder: Path, marks: Mapping[str, Any]) -> ItemResult:
        """Register one pair into ``folder``; ``marks`` are added to its sidecars."""
        from contreg.models import shown
        from contreg_core.inference.doubts import cut_off
        from contreg_core.inference.images import find_brain
        from contreg_core.inference.outputs import Input, write_registration
        from contreg_core.inference.references import read_image, read_labels_of
        from contreg_core.inference.register import register_images
        from contreg_core.sums import record_sums

        model, about = ready(self.asked)
        how = self.asked.how
        self.asked.seed_all()
        drawn = zip((0, 0, 1), (pair.labels, pair.moving_mask, pair.fixed_mask), strict=True)
        with limits.within(self.timeout):
            images = [Input(path, read_image(path, self.choice)) for path in (pair.moving, pair.fixed)]
            labels, *masks = (
                None if path is None else read_labels_of(images[role].volume, path, self.choice)
                for role, path in drawn
            )
            brains = [find_brain(image.volume, mask) for image, mask in zip(images, masks, strict=True)]
            result = limits.sparing(
                lambda: register_images(
                    model,
                    images[0].volume,
                    images[1].volume,
                    moving_labels=labels,
                    masks=(masks[0], masks[1]),
                    label_mode=how.label_mode,
                    alignment=how.alignment,
                    field_grid=self.field_grid,
                    samples=how.samples,
                    similarity=how.similarity,
                    background=self.background,
                    strict=self.choice.strict,
                )
            )
            told = {**about, **_beside(pair), **marks}
            written = write_registration(folder, result, images[0], images[1], told, self.form)
            record_sums(folder, written)
        warnings = (*result.warnings, *cut_off(brains[0], brains[1], result.affine))
        summary = f"{shown(model.recipe.name, model.prediction.words)}: {_summary(result.quality)}"
        return ItemResult(tuple(written), warnings, summary, result.notes)

    def unit(self, pair: ImagePair, basis: str) -> Unit:
        """Done is the inverse's sidecar, which is written last; without a key where an input is gone."""
        names = PairNames.of(pair.moving, pair.fixed)
        marker = f"{pair.id}/{names.inverse}.json"
        try:
            inputs = [stamps(path) if path else None for path in pair.files]
            return Unit(pair.id, marker, digest([basis, pair.id, inputs]))
        except ContregError:
            return Unit(pair.id, marker, "")

    def basis(self) -> str:
        """The key's share of all but the pair."""
        model, _ = ready(self.asked)
        how = self.asked.how
        own: list[Any] = [
            how.label_mode,
            how.alignment,
            self.form,
            self.field_grid,
            asdict(self.choice),
            how.samples,
            *([] if how.similarity == "auto" else [how.similarity]),
        ]
        own += [] if self.background is None else [self.background]  # so that what is done already stays
        return digest([self.asked.identity(model), own])


def _beside(pair: ImagePair) -> dict[str, Any]:
    """Name and SHA-256 of what was read beside the two images."""
    from contreg_core.files import sha256_of

    given = {"labels": pair.labels, "moving_mask": pair.moving_mask, "fixed_mask": pair.fixed_mask}
    known = {role: path for role, path in given.items() if path is not None}
    return {role: {"file": path.name, "sha256": sha256_of(path)} for role, path in known.items()}


@lru_cache(maxsize=1)
def ready(asked: InferenceRequest) -> "tuple[Registrar, dict[str, Any]]":
    """The model and what sidecars tell of it, once in a process."""
    from contreg_core.inference.trained import registering

    _, found, about = asked.ready()
    return registering(found, asked.model), about


def refuse_timeout(timeout: str | None, fleet: Fleet) -> None:
    """Raise ``UsageError`` where a time is set that cannot be watched: alarms reach a process's first thread only."""
    if timeout is not None and fleet.dask is not None:
        raise UsageError("--timeout does not work with --dask", "leave one of them out")


def register_one(how: RegistrationTask, pair: ImagePair) -> None:
    """Register a single pair into the output folder itself, done before or not; raises its own error."""
    output = how.asked.output
    how.refuse(pair, output)
    ready(how.asked)  # a model that is not there is no fault of the pair
    with noted(output, f"{stem(pair.moving)}_to-{stem(pair.fixed)}"):
        told = how.run(pair, output, {})
    for note in told.notes:
        front().say(note)
    for warning in told.warnings:
        front().warn(warning)
    front().say(told.summary)
    for path in told.written:
        front().say(f"written: {path}")


def register_all(how: RegistrationTask, pairs: list[ImagePair], fleet: Fleet) -> None:
    """Register every pair into a folder of its own; one that fails does not stop the others."""
    output = how.asked.output
    for pair in pairs:
        how.refuse(pair, output / pair.id)
    basis = how.basis()
    items = {how.unit(pair, basis): pair for pair in pairs}
    WorkList("register", tuple(items)).save(output, add=True)
    keyed = {unit: (unit, pair) for unit, pair in items.items()}
    worked = work_through("register", output, fleet, partial(_one, how), keyed, _lost, say)
    front().say(
        f"{sum(r.failure is None for r in worked.reports)} registered, {len(worked.kept)} there already"
    )
    for name, error in worked.failures.items():
        front().say(f"failed: {name}: {error}", aside=True)
    refuse_failures(worked, "pairs", output)


def _one(how: RegistrationTask, item: tuple[Unit, ImagePair]) -> ItemReport[ItemResult]:
    unit, pair = item
    marker = how.asked.output / unit.marker
    try:
        marker.unlink(missing_ok=True)  # of other settings: it must not vouch for what is written now
        return ItemReport(pair.id, "done", how.run(pair, marker.parent, {"key": unit.key}))
    except (OutputError, StorageError):
        raise  # a full disk is no fault of the pair: the next would fail as well
    except ContregError as error:
        return ItemReport(pair.id, "failed", failure=error)


def _lost(item: tuple[Unit, ImagePair], error: RetryError) -> ItemReport[ItemResult]:
    return ItemReport(item[0].id, "failed", failure=error)


def _summary(quality: "Quality") -> str:
    return (
        f"NCC {quality.ncc_before:.3f} to {quality.ncc_after:.3f}, "
        f"brain overlap {quality.overlap_before:.3f} to {quality.overlap_after:.3f}, "
        f"displacement median {quality.displacement_mm['p50']:.2f} mm, 99 % {quality.displacement_mm['p99']:.2f} mm, "
        f"folding {quality.folding_percent:.3f} %"
    )
