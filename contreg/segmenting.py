"""SegmentationTask from the shell: references, one image after another, what failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg import limits
from contreg.caches import cache_root, open_cache
from contreg.fleet import Fleet, refuse_failures, work_through
from contreg.front import front
from contreg.inference_request import InferenceRequest
from contreg.item_result import ItemResult, say
from contreg.lists import ListedImage
from contreg_core.errors import ContregError, DataError, OutputError, RetryError, StorageError, UsageError
from contreg_core.failures import noted
from contreg_core.fleet.keys import digest, stamps
from contreg_core.fleet.report import ItemReport
from contreg_core.fleet.work_list import Unit, WorkList
from contreg_core.sums import record_sums

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.inference.label_table import TableRow
    from contreg_core.inference.prediction import Prediction
    from contreg_core.inference.references import Reference
    from contreg_core.inference.registrar import Registrar
    from contreg_core.inference.segment import Fusion
    from contreg_core.inference.segmenter import TrainedSegmenter
    from contreg_core.volume import ReadChoice


@dataclass(frozen=True)
class Job:
    """How every image is segmented, and where to."""

    model: "Registrar"
    references: "Sequence[Reference]"
    labels: "Sequence[TableRow]"
    most: int | None
    fuse: "Fusion"
    how: "Prediction"
    seed: int
    choice: "ReadChoice"
    probabilities: bool
    output: Path
    about: Mapping[str, Any]

    def run(self, picture: ListedImage, marks: Mapping[str, Any]) -> ItemResult:
        """Segment one image and write its files; ``marks`` are added to its sidecar."""
        from contreg_core.inference.outputs import Input, write_segmentation
        from contreg_core.inference.references import read_image
        from contreg_core.inference.segment import segment_image
        from contreg_core.training.seeds import seed_torch

        seed_torch("inference", self.seed)  # what is drawn for an image does not depend on its company
        image = Input(picture.image, read_image(picture.image, self.choice))
        result = segment_image(
            self.model,
            image.volume,
            self.references,
            most=self.most,
            fuse=self.fuse,
            label_mode=self.how.label_mode,
            alignment=self.how.alignment,
            samples=self.how.samples,
            similarity=self.how.similarity,
            strict=self.choice.strict,
        )
        about = {
            "fusion": self.fuse,
            "label_mode": self.how.label_mode,
            "samples": self.how.samples,
            **self.about,
            **marks,
        }
        written = write_segmentation(
            self.output, result, image, self.labels, about, name=picture.id, probabilities=self.probabilities
        )
        names = ", ".join(result.references)
        found = f"{written[0]}: {len(result.volumes())} labels from {names}"
        return ItemResult(tuple(written), result.warnings, found, result.notes)


@dataclass(frozen=True)
class DirectJob:
    """How every image is labelled by a network that learned the labels, and where to."""

    model: "TrainedSegmenter"
    choice: "ReadChoice"
    probabilities: bool
    output: Path
    about: Mapping[str, Any]

    def run(self, picture: ListedImage, marks: Mapping[str, Any]) -> ItemResult:
        """Segment one image and write its files; ``marks`` are added to its sidecar."""
        from contreg_core.inference.label_table import TableRow
        from contreg_core.inference.outputs import Input, write_segmentation
        from contreg_core.inference.references import read_image
        from contreg_core.inference.segment_directly import segment_directly

        image = Input(picture.image, read_image(picture.image, self.choice))
        result = segment_directly(self.model, image.volume)
        labels = [TableRow(one.label()) for one in self.model.classes]
        about = {"classes": self.model.record["data"]["classes"], **self.about, **marks}
        written = write_segmentation(
            self.output, result, image, labels, about, name=picture.id, probabilities=self.probabilities
        )
        found = f"{written[0]}: {len(result.volumes())} labels from {self.model.recipe.name}"
        return ItemResult(tuple(written), result.warnings, found)


def refuse_references(model: "TrainedSegmenter", given: Mapping[str, object]) -> None:
    """Raise ``UsageError`` where an option is set (its value not empty) that only references give a meaning."""
    for option in (name for name, value in given.items() if value):
        raise UsageError(
            f"{option} is given, but a run of '{model.recipe.name}' labels images without references",
            f"leave out {option}, or give --model a run that registers",
        )


@dataclass(frozen=True)
class SegmentationTask:
    """How every image is segmented, in plain values."""

    asked: InferenceRequest
    atlases: tuple[str, ...]
    references: str | None
    fuse: "Fusion"
    label_table: Path | None
    cache: Path | None
    choice: "ReadChoice"
    probabilities: bool
    timeout: str | None
    overwrite: bool = False

    def refuse(self, picture: ListedImage) -> None:
        """Raise ``OutputError`` where the image's outputs would be written over an input or another image's."""
        from contreg_core.inference.belonging import Origin, refuse_other_image, segmentation_files
        from contreg_core.inference.references import split_atlas
        from contreg_core.overwriting import refuse_inputs
        from contreg_core.training.run_folder import model_files

        if not self.overwrite:
            atlases = (path for atlas in self.atlases for path in split_atlas(atlas) or ())
            inputs = [picture.image, *atlases, self.label_table, *model_files(Path(self.asked.model))]
            refuse_inputs(segmentation_files(self.asked.output, picture.id), inputs, overwrite=False)
            refuse_other_image(self.asked.output, picture.id, Origin.of(picture.image))

    def unit(self, picture: ListedImage, basis: str) -> Unit:
        """Done is the sidecar, which is written last; without a key where the image is gone."""
        marker = f"{picture.id}_dseg.json"
        try:
            return Unit(picture.id, marker, digest([basis, picture.id, stamps(picture.image)]))
        except ContregError:
            return Unit(picture.id, marker, "")

    def basis(self) -> str:
        """The key's share of all but the image."""
        job = job_of(self)
        how = self.asked.how
        own = [
            self.references,
            self.fuse,
            how.label_mode,
            how.alignment,
            how.samples or None,
            *([] if how.similarity == "auto" else [how.similarity]),
            self.probabilities,
        ]
        table = stamps(self.label_table) if self.label_table else []
        read = asdict(self.choice)
        return digest([self.asked.identity(job.model), own, read, table, _atlas_keys(self, job)])


@lru_cache(maxsize=1)
def job_of(how: SegmentationTask) -> Job | DirectJob:
    """The model and its references, once in a process."""
    from contreg_core.inference.segmenter import TrainedSegmenter

    catalogue, trained, about = how.asked.ready()
    output = how.asked.output
    if isinstance(trained, TrainedSegmenter):
        given = {
            "--atlas": how.atlases,
            "--references": how.references,
            "--fusion": how.fuse != "majority",
            "--label-mode": how.asked.how.label_mode == "nearest",
            "--label-table": how.label_table,
            "--samples": how.asked.how.samples,
            "--affine": how.asked.how.alignment != "affine",
        }
        refuse_references(trained, given)
        return DirectJob(trained, how.choice, how.probabilities, output, about)
    most = parse_count(how.references, from_cohort=not any(":" in atlas for atlas in how.atlases))
    found, labels = find_references(
        how.atlases, catalogue, trained, how.asked.model, how.cache, how.choice, how.label_table
    )
    about["atlas"] = [atlas_name(atlas) for atlas in how.atlases]
    about["atlas_sha256"] = _atlas_sums(how.atlases)
    kind = most, how.fuse, how.asked.how, how.asked.seed
    return Job(trained, found, labels, *kind, how.choice, how.probabilities, output, about)


def _atlas_keys(how: SegmentationTask, job: Job | DirectJob) -> list[Any]:
    """What the references were made from."""
    from contreg_core.cache import CachedCohort, cache_folder
    from contreg_core.inference.references import split_atlas

    keys: list[Any] = []
    for atlas in how.atlases:
        if pair := split_atlas(atlas):
            keys += [stamps(path) for path in pair]
        else:
            folder = cache_folder(cache_root(how.cache), atlas, job.model.recipe.preprocessing)
            keys += [[scan.id, scan.key] for scan in CachedCohort.open(folder).scans]
    return keys


def segment_one(how: SegmentationTask, picture: ListedImage) -> None:
    """Segment a single image, done before or not; raises its own error."""
    output = how.asked.output
    how.refuse(picture)
    job_of(how)  # a model or an atlas that is not there is no fault of the image
    with noted(output, picture.id):
        told = _limited(how, picture, {})
        record_sums(output, told.written)
    for note in told.notes:
        front().say(f"{picture.image}: {note}")
    for warning in told.warnings:
        front().warn(f"{picture.image}: {warning}")
    front().say(told.summary)


def segment_all(how: SegmentationTask, pictures: Sequence[ListedImage], fleet: Fleet) -> None:
    """Segment every image that is not done; one that fails does not stop the others.

    Raises as ``refuse_failures`` does.
    """
    output = how.asked.output
    for picture in pictures:
        how.refuse(picture)
    basis = how.basis()
    items = {unit: (unit, picture) for picture in pictures for unit in [how.unit(picture, basis)]}
    WorkList("segment", tuple(items)).save(output, add=True)
    written: list[Path] = []

    def tell(report: ItemReport[ItemResult]) -> str:
        written.extend(report.value.written if report.value else ())
        return say(report)

    try:
        worked = work_through("segment", output, fleet, partial(_one, how), items, _lost, tell)
    finally:
        if written:
            record_sums(output, written)
    front().say(
        f"{sum(r.failure is None for r in worked.reports)} segmented, {len(worked.kept)} there already"
    )
    paths = {picture.id: picture.image for picture in pictures}
    for name, error in worked.failures.items():
        front().say(f"failed: {paths[name]}: {error}", aside=True)
    refuse_failures(worked, "images", output)


def _limited(how: SegmentationTask, picture: ListedImage, marks: Mapping[str, Any]) -> ItemResult:
    with limits.within(how.timeout):
        return limits.sparing(lambda: job_of(how).run(picture, marks))


def _one(how: SegmentationTask, item: tuple[Unit, ListedImage]) -> ItemReport[ItemResult]:
    unit, picture = item
    try:
        job_of(how)
        (how.asked.output / unit.marker).unlink(missing_ok=True)  # it must not vouch for what is written now
        return ItemReport(picture.id, "done", _limited(how, picture, {"key": unit.key}))
    except (OutputError, StorageError):
        raise  # a full disk is no fault of the image: the next would fail as well
    except ContregError as error:
        return ItemReport(picture.id, "failed", failure=error)


def _lost(item: tuple[Unit, ListedImage], error: RetryError) -> ItemReport[ItemResult]:
    return ItemReport(item[0].id, "failed", failure=error)


def check_names(pictures: Sequence[ListedImage]) -> None:
    """Refuse two images whose outputs would have one name, before any work."""
    counts = Counter(picture.id.casefold() for picture in pictures)
    twice = [str(picture.image) for picture in pictures if counts[picture.id.casefold()] > 1]
    if twice:
        raise DataError(
            f"outputs are named after the images, and these share a name: {', '.join(twice)}",
            "rename them, list them with an id each (--images), or segment them into different folders",
            code="NAME-35",
        )


def placed(atlases: Sequence[str], fleet: Fleet) -> tuple[str, ...]:
    """Files of references as the workers find them."""
    from contreg_core.inference.references import split_atlas

    pairs = [(atlas, split_atlas(atlas)) for atlas in atlases]
    return tuple(
        ":".join(str(fleet.place(path)) for path in pair) if pair else atlas for atlas, pair in pairs
    )


def find_references(
    atlases: Sequence[str],
    catalogue: "Catalogue",
    model: "Registrar",
    name: str,
    cache: Path | None,
    choice: "ReadChoice",
    table: Path | None = None,
) -> "tuple[list[Reference], Sequence[TableRow]]":
    """References and label table: pairs of files, or one prepared cohort's training subjects.

    Of files the table is ``table``, or the one beside the first label map, if any.
    """
    from contreg_core.inference.label_table import TableRow, read_label_table, table_beside
    from contreg_core.inference.references import read_reference, split_atlas, training_references

    if not atlases:
        raise UsageError(
            f"'{model.recipe.name}' registers and needs labelled references",
            "add --atlas IMAGE:LABELS or --atlas COHORT, or give --model a run that learned labels",
        )
    pairs = [split_atlas(atlas) for atlas in atlases]
    files = [pair for pair in pairs if pair is not None]
    if len(files) == len(pairs):
        found = table or table_beside(files[0][1])
        rows = () if found is None else read_label_table(found)
        return [read_reference(image, labels, choice) for image, labels in files], rows
    if len(pairs) > 1:
        raise UsageError("a cohort is given beside another atlas", "give IMAGE:LABELS pairs, or one cohort")
    cohort = open_cache(catalogue, atlases[0], model.recipe.preprocessing, cache, name)
    rows = read_label_table(table) if table else tuple(TableRow(label) for label in cohort.labels)
    return training_references(cohort), rows


def atlas_name(atlas: str) -> str:
    """An atlas as the sidecar names it, without folders."""
    from contreg_core.inference.references import split_atlas

    pair = split_atlas(atlas)
    return atlas if pair is None else f"{pair[0].name}:{pair[1].name}"


def _atlas_sums(atlases: Sequence[str]) -> dict[str, str]:
    """SHA-256 of every atlas file by name; a prepared cohort's scans carry those of their sources."""
    from contreg_core.files import sha256_of
    from contreg_core.inference.references import split_atlas

    return {path.name: sha256_of(path) for atlas in atlases for path in split_atlas(atlas) or ()}


def parse_count(text: str | None, *, from_cohort: bool) -> int | None:
    """How many references: a number, or None for all; of a cohort one, of given files all, where nothing is said.

    >>> parse_count(None, from_cohort=True), parse_count("all", from_cohort=True), parse_count("3", from_cohort=False)
    (1, None, 3)
    """
    if text is None:
        return 1 if from_cohort else None
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--references {text}: expected 1 or more, or all", "write e.g. --references 5")
    return int(text)
