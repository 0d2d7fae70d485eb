"""``check_cohort``: the laws of a study's adapter."""

from collections import Counter
from collections.abc import Mapping
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from contreg_core.cohort import SPLITS, Cohort, LoadedScan, Scan
from contreg_core.conformance.component import subject
from contreg_core.conformance.declaration import demand_documented
from contreg_core.conformance.law import LeftOutError, demand, described, laws, listing, try_laws
from contreg_core.conformance.report import Report
from contreg_core.errors import ContregError
from contreg_core.parameters import parameters_of
from contreg_core.plugins import checked_cohort


class CohortCase:
    """A cohort class, its source and knobs; the first and the last of its scans, read once."""

    def __init__(self, cls: type[Cohort], source: Path | None, knobs: Mapping[str, Any]) -> None:
        self.cls, self.source, self.knobs = cls, source, knobs
        self.read: dict[str, LoadedScan] = {}

    def make(self) -> Cohort:
        """A fresh one; a cohort that needs a source and was given none cannot be tried further."""
        if self.cls.needs_source and self.source is None:
            raise LeftOutError("no source was given")
        return self.cls(self.source, **self.knobs)

    def loaded(self) -> list[tuple[Scan, LoadedScan]]:
        """The first and the last scan."""
        cohort = self.make()
        scans = cohort.scans()
        for scan in (scans[0], scans[-1]):
            self.read[scan.id] = self.read.get(scan.id) or cohort.load(scan)
        return [(scan, self.read[scan.id]) for scan in (scans[0], scans[-1])]


def check_cohort(cls: type[Cohort], source: Path | str | None = None, **knobs: object) -> Report:
    """Try every law of a cohort on its study at ``source``, loading two scans; ends as ``check_component``."""
    return try_cohort(cls, source, **knobs).demand()


def try_cohort(cls: type[Cohort], source: Path | str | None = None, **knobs: object) -> Report:
    """As ``check_cohort``, but a failure is only in the report."""
    case = CohortCase(cls, None if source is None else Path(source), knobs)
    return try_laws(subject(cls).replace("class", "cohort"), COHORT, case)


def is_a_cohort(case: CohortCase) -> None:
    """A concrete class with name, summary and default_protocol; knobs by keyword, annotated, defaulted."""
    checked_cohort(case.cls)
    lacking = [
        word for word in ("summary", "default_protocol") if not isinstance(getattr(case.cls, word, None), str)
    ]
    demand(not lacking, f"no {listing(lacking)}")
    parameters_of(case.cls)


def is_documented(case: CohortCase) -> None:
    """A docstring says what the study is, and its section "Knobs:" has a line for every knob."""
    demand_documented(case.cls)


def a_wrong_source_is_an_error_for_people(case: CohortCase) -> None:
    """A folder that is not there raises a ContregError that names it, from the constructor or from scans()."""
    if not case.cls.needs_source:
        raise LeftOutError("it reads no source")
    try:
        found = case.cls(Path("there-is-no-such-folder"), **case.knobs).scans()
    except ContregError as error:
        demand("there-is-no-such-folder" in str(error), f"the message does not name the folder: {error}")
        return
    except Exception as error:
        demand(False, described(error))
        return
    demand(False, f"no error, but {len(found)} scans")


def scans_are_named_once(case: CohortCase) -> None:
    """There are scans, in one order every time, of known splits; no two ids are alike, nor by case alone."""
    scans = case.make().scans()
    demand(scans, "no scans")
    demand(
        [scan.id for scan in scans] == [scan.id for scan in case.make().scans()],
        "another order the second time",
    )
    odd = {scan.split for scan in scans} - set(SPLITS)
    demand(not odd, f"splits {listing(odd)}, expected {listing(SPLITS)}")
    twice = [id_ for id_, count in Counter(scan.id.casefold() for scan in scans).items() if count > 1]
    demand(not twice, f"ids used twice: {listing(twice)}")
    demand(any(scan.split == "train" for scan in scans), "no scan to train on")


def files_exist(case: CohortCase) -> None:
    """Every file a scan names is there."""
    missing = [
        str(path)
        for scan in case.make().scans()
        for path in (scan.image, scan.labels, scan.mask)
        if path is not None and not path.exists()
    ]
    demand(not missing, f"not there: {listing(missing[:3])}")


def labels_are_in_the_table(case: CohortCase) -> None:
    """Ids of the label table are unique and not 0; protocols score labels of the table, or ids they merge them to."""
    cohort = case.make()
    ids = [label.id for label in cohort.label_table()]
    demand(len(ids) == len(set(ids)), "an id is in the label table twice")
    demand(all(id_ > 0 for id_ in ids), "the label table holds the background or a negative id")
    protocols = {protocol.name: protocol for protocol in cohort.protocols()}
    demand(
        cohort.default_protocol in protocols,
        f"no protocol '{cohort.default_protocol}', only {listing(protocols)}",
    )
    for protocol in protocols.values():
        known = set(ids) | set(protocol.merge.values())
        named = {*protocol.labels, *(id_ for region in protocol.regions.values() for id_ in region)}
        demand(
            named <= known,
            f"protocol '{protocol.name}' names {listing(named - known)}, not in the label table",
        )


def scans_load_in_ras(case: CohortCase) -> None:
    """An image is a finite float32 3-D array with an affine whose axes run to right, anterior, superior."""
    for scan, loaded in case.loaded():
        image = loaded.image
        demand(
            image.array.ndim == 3 and image.array.dtype == np.float32,
            f"{scan.id}: {image.array.ndim}-D {image.array.dtype}",
        )
        demand(bool(np.isfinite(image.array).all()), f"{scan.id}: an image that is not finite")
        axes = "".join(map(str, nib.aff2axcodes(image.affine)))
        demand(axes == "RAS", f"{scan.id}: axes run {axes}")
        mask = loaded.mask
        demand(
            mask.dtype == np.bool_ and mask.shape == image.array.shape,
            f"{scan.id}: mask {mask.dtype} {mask.shape}",
        )
        demand(bool(mask.any()), f"{scan.id}: an empty mask")


def label_maps_fit(case: CohortCase) -> None:
    """A label map is an integer array on the image's grid, with ids of the label table alone."""
    table = {0, *(label.id for label in case.make().label_table())}
    for scan, loaded in case.loaded():
        labels = loaded.labels
        if labels is None:
            continue
        demand(np.issubdtype(labels.array.dtype, np.integer), f"{scan.id}: labels of {labels.array.dtype}")
        same = labels.array.shape == loaded.image.array.shape and np.allclose(
            labels.affine, loaded.image.affine
        )
        demand(same, f"{scan.id}: labels on another grid than the image")
        odd = set(np.unique(labels.array).tolist()) - table
        demand(not odd, f"{scan.id}: ids {listing(odd)} are not in the label table")


def loading_repeats_itself(case: CohortCase) -> None:
    """A scan read twice is the same, and reading writes nothing into the source."""
    before = _listing(case.source)
    for scan, loaded in case.loaded():
        again = case.make().load(scan)
        demand(
            np.array_equal(again.image.array, loaded.image.array), f"{scan.id}: another image the second time"
        )
    demand(_listing(case.source) == before, "files of the source were added or changed")


def travels_to_workers(case: CohortCase) -> None:
    """It can be sent to the processes of ``prepare --workers``: no open file, lock or lambda among its attributes."""
    ForkingPickler.dumps(case.make())


def _listing(source: Path | None) -> list[tuple[str, int]]:
    files = source.rglob("*") if source is not None and source.is_dir() else []
    return sorted((str(path), path.stat().st_mtime_ns) for path in files if path.is_file())


COHORT = [
    *laws(is_a_cohort, decisive=True),
    *laws(
        is_documented,
        a_wrong_source_is_an_error_for_people,
        scans_are_named_once,
        files_exist,
        labels_are_in_the_table,
        scans_load_in_ras,
        label_maps_fit,
        loading_repeats_itself,
        travels_to_workers,
    ),
]
