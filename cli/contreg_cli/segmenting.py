"""Segmenting from the shell: references, one image after another, what failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contreg_cli import limits
from contreg_cli.caches import open_cache
from contreg_cli.console import progress
from contreg_core.errors import ContregError, DataError, OutputError, PartialError, StorageError, UsageError

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.inference.alignment import Alignment
    from contreg_core.inference.label_table import TableRow
    from contreg_core.inference.references import Reference
    from contreg_core.inference.register import Registrar
    from contreg_core.inference.segment import Fusion
    from contreg_core.inference.segmenter import TrainedSegmenter
    from contreg_core.labels import LabelMode
    from contreg_core.volume import ReadChoice


@dataclass(frozen=True)
class Job:
    """How every image is segmented, and where to."""

    model: "Registrar"
    references: "Sequence[Reference]"
    labels: "Sequence[TableRow]"
    most: int | None
    fuse: "Fusion"
    label_mode: "LabelMode"
    alignment: "Alignment"
    samples: int
    seed: int
    choice: "ReadChoice"
    probabilities: bool
    output: Path
    about: Mapping[str, Any]

    def run(self, path: Path) -> str:
        """Segment one image and write its files; returns a line about it."""
        from contreg_core.inference.outputs import Input, write_segmentation
        from contreg_core.inference.references import read_image
        from contreg_core.inference.segment import segment_image
        from contreg_core.sums import record_sums
        from contreg_core.training.seeds import seed_torch

        seed_torch("inference", self.seed)  # what is drawn for an image does not depend on its company
        image = Input(path, read_image(path, self.choice))
        result = segment_image(
            self.model,
            image.volume,
            self.references,
            most=self.most,
            fuse=self.fuse,
            label_mode=self.label_mode,
            alignment=self.alignment,
            samples=self.samples,
        )
        about = {"fusion": self.fuse, "label_mode": self.label_mode, "samples": self.samples, **self.about}
        written = write_segmentation(
            self.output, result, image, self.labels, about, probabilities=self.probabilities
        )
        record_sums(self.output, written)
        for warning in result.warnings:
            click.echo(f"warning: {path}: {warning}", err=True)
        names = ", ".join(result.references)
        return f"{written[0]}: {len(result.volumes())} labels from {names}"


@dataclass(frozen=True)
class DirectJob:
    """How every image is labelled by a network that learned the labels, and where to."""

    model: "TrainedSegmenter"
    choice: "ReadChoice"
    probabilities: bool
    output: Path
    about: Mapping[str, Any]

    def run(self, path: Path) -> str:
        """Segment one image and write its files; returns a line about it."""
        from contreg_core.inference.label_table import TableRow
        from contreg_core.inference.outputs import Input, write_segmentation
        from contreg_core.inference.references import read_image
        from contreg_core.inference.segment_directly import segment_directly
        from contreg_core.sums import record_sums

        image = Input(path, read_image(path, self.choice))
        result = segment_directly(self.model, image.volume)
        labels = [TableRow(one.label()) for one in self.model.classes]
        about = {"classes": self.model.record["data"]["classes"], **self.about}
        written = write_segmentation(
            self.output, result, image, labels, about, probabilities=self.probabilities
        )
        record_sums(self.output, written)
        for warning in result.warnings:
            click.echo(f"warning: {path}: {warning}", err=True)
        return f"{written[0]}: {len(result.volumes())} labels from {self.model.recipe.name}"


def refuse_references(model: "TrainedSegmenter", given: Mapping[str, object]) -> None:
    """Raise ``UsageError`` where an option is set (its value not empty) that only references give a meaning."""
    for option in (name for name, value in given.items() if value):
        raise UsageError(
            f"{option} is given, but a run of '{model.recipe.name}' labels images without references",
            f"leave out {option}, or give --model a run that registers",
        )


def segment_all(job: Job | DirectJob, images: Sequence[Path], timeout: str | None = None) -> None:
    """Segment every image; one that fails does not stop the others.

    Raises ``PartialError`` naming those that failed; of an image that was alone, its own error.
    """
    from contreg_core.failures import noted
    from contreg_core.inference.names import stem

    failed: dict[Path, ContregError] = {}
    with progress("segment", len(images)) as bar:
        for number, path in enumerate(images, start=1):
            try:
                with noted(job.output, stem(path)), limits.within(timeout):
                    click.echo(limits.sparing(lambda path=path: job.run(path)))  # type: ignore[misc]
            except (OutputError, StorageError):
                raise  # a full disk is no fault of the image: the next would fail as well
            except ContregError as error:
                failed[path] = error
                if len(images) > 1:
                    bar.say(f"failed: {path}: {error}")
            bar.update(number, path.name)
    if failed and len(images) == 1:
        raise failed[images[0]]
    if failed:
        names = ", ".join(str(path) for path in failed)
        raise PartialError(
            f"{len(failed)} of {len(images)} images failed: {names}", "mend them and run them again"
        )


def check_names(images: Sequence[Path]) -> None:
    """Refuse two images whose outputs would have one name, before any work."""
    from contreg_core.inference.names import stem

    counts = Counter(stem(path).casefold() for path in images)
    twice = [str(path) for path in images if counts[stem(path).casefold()] > 1]
    if twice:
        raise DataError(
            f"outputs are named after the images, and these share a name: {', '.join(twice)}",
            "rename them, or segment them into different folders",
            code="NAME-35",
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
    cohort = open_cache(catalogue, atlases[0], model.recipe.preprocessing, cache, ["--model", name])
    rows = read_label_table(table) if table else tuple(TableRow(label) for label in cohort.labels)
    return training_references(cohort), rows


def atlas_name(atlas: str) -> str:
    """An atlas as the sidecar names it, without folders."""
    from contreg_core.inference.references import split_atlas

    pair = split_atlas(atlas)
    return atlas if pair is None else f"{pair[0].name}:{pair[1].name}"


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
