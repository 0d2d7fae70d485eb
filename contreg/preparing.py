"""Preparing a cohort: which scans, the cache's table of contents, and what is said about it."""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.caches import cache_root
from contreg.fleet import HERE, Fleet, Worked, refuse_failures, work_through
from contreg.front import front
from contreg.loading import Settings, as_settings
from contreg.plugins import load_catalogue
from contreg.recipes import DEFAULT_MODEL
from contreg.wording import speaks_python

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from contreg_core.cache import CachedCohort
    from contreg_core.cohort import Cohort, Repairs, Scan, UnknownLabels
    from contreg_core.fleet.work_list import Unit
    from contreg_core.prepare import Preparation, ScanReport
    from contreg_core.volume import ReadChoice


@speaks_python
def prepare(
    data: str,
    source: "str | os.PathLike[str] | None" = None,
    *,
    cache: "str | os.PathLike[str] | None" = None,
    model: str = DEFAULT_MODEL,
    settings: Settings = (),
    unknown_labels: "UnknownLabels | None" = None,
    resample_labels: bool = False,
    choice: "ReadChoice | None" = None,
    workers: int = 1,
    strict: bool = False,
) -> "CachedCohort":
    """Read, check and cache a cohort, once; the recipe ``model`` says how its scans are preprocessed.

    ``data`` is a cohort's name, ``source`` the folder or file it is read from. ``settings`` change the recipe
    (``preprocessing.spacing``) and set knobs of the cohort (``cohort.KNOB``). ``choice`` says how files are read that
    leave something open. Scans that are cached already are left alone. Raises ``PartialError`` where some scans failed,
    the others kept.
    """
    from contreg_core.cache import CachedCohort
    from contreg_core.cohort import Repairs
    from contreg_core.volume import AS_IT_SAYS

    plan, scans = planned(
        data,
        None if source is None else Path(source),
        None if cache is None else Path(cache),
        model,
        as_settings(settings),
        Repairs(unknown_labels, resample_labels, choice or AS_IT_SAYS),
    )
    worked = prepare_scans(replace(plan, strict=strict), scans, Fleet(workers))
    say_notes(worked.reports)
    refuse_failures(worked, "scans", plan.folder)
    return CachedCohort.open(plan.folder)


def planned(
    data: str,
    source: Path | None,
    cache: Path | None,
    model: str,
    settings: Sequence[str],
    repairs: "Repairs",
) -> "tuple[Preparation, Sequence[Scan]]":
    """What is to be prepared, under which preprocessing and where; ``settings`` of recipe and cohort together."""
    from contreg.cohorts import KNOB, make_cohort
    from contreg.recipes import find_recipe
    from contreg_core.prepare import Preparation

    catalogue = load_catalogue()
    changes = [setting for setting in settings if not setting.startswith(KNOB)]
    spec = find_recipe(catalogue, model, changes).cached
    own = [setting for setting in settings if setting.startswith(KNOB)]
    cohort = make_cohort(catalogue.cohort(data), source, own)
    cohort.repairs = repairs
    scans = cohort.scans()
    front().say(describe_cohort(cohort, scans))
    return Preparation.plan(cohort, spec, cache_root(cache)), scans


_LOOKED_AT = 500
"""Scans whose place is compared: enough to tell of a cohort that was never aligned, in seconds."""


def describe_cohort(cohort: "Cohort", scans: Sequence["Scan"]) -> str:
    """One line: how many scans of how many subjects, splits, and what the adapter says of all of them."""
    from contreg_core.cohort import SPLITS

    splits = Counter(scan.split for scan in scans)
    subjects = len({scan.subject for scan in scans})
    counts = ", ".join(f"{splits[split]} {split}" for split in SPLITS if splits[split])
    common = set.intersection(*(set(scan.metadata.items()) for scan in scans)) if scans else set()
    facts = "".join(f"; {key}: {value}" for key, value in sorted(common))
    return f"{cohort.name}: {len(scans)} scans of {subjects} subjects ({counts}){facts}"


def prepare_scans(plan: "Preparation", scans: Sequence["Scan"], fleet: Fleet = HERE) -> "Worked[ScanReport]":
    """Prepare all scans, or a shard of them, and write ``cohort.json`` for everything that is in the cache."""
    from contreg_core.files import probe
    from contreg_core.fleet.work_list import WorkList
    from contreg_core.prepare import check_ids, lost

    check_ids(scans)
    _refuse_inputs(plan, scans)
    probe(plan.folder / "subjects")
    _say_replaced(plan, scans)
    units = {plan.unit(scan): scan for scan in scans}
    WorkList("prepare", tuple(units)).save(plan.folder, add=False)
    # What is to be verified is not done before it was read.
    done = (lambda _: False) if plan.verify else None
    worked = work_through("prepare", plan.folder, fleet, plan.run, units, lost, _words, done, between=True)
    if worked.count:
        _finish(plan, units, fleet, worked)
        _say_apart(plan)
    return worked


def _say_apart(plan: "Preparation") -> None:
    from contreg_core.cache import CachedCohort
    from contreg_core.whereabouts import middle

    cohort = CachedCohort.open(plan.folder)
    subjects = ((scan, cohort.load(scan.id)) for scan in cohort.scans[:_LOOKED_AT])
    say_apart([(scan.space, scan.id, middle(one.mask, one.affine)) for scan, one in subjects])


def say_apart(places: "Sequence[tuple[str, str, NDArray[np.float64]]]") -> None:
    """Warn of scans of one space that lie apart: they would be paired voxel by voxel. (space, id, RAS mm of the brain).

    Each is held against the one in the middle of its space.
    """
    import numpy as np

    from contreg_core.whereabouts import apart

    for space in dict.fromkeys(place[0] for place in places):
        own = [place for place in places if place[0] == space]
        centre = np.median([where for _, _, where in own], axis=0)
        name, there = min(
            ((name, where) for _, name, where in own), key=lambda one: float(np.linalg.norm(one[1] - centre))
        )
        for _, other, where in own:
            if distance := apart(there, where):
                front().warn(
                    f"{other} lies {distance:.0f} mm from {name} by its header: they share no space; fit and evaluate "
                    "refuse to pair them: align the images first"
                )


def _refuse_inputs(plan: "Preparation", scans: Sequence["Scan"]) -> None:
    """Raise ``OutputError`` where the cache's files would be written over those of the study."""
    from contreg_core.cache.cohort_file import subject_path
    from contreg_core.overwriting import refuse_inputs

    records = [plan.folder / name for name in ("cohort.json", "work.jsonl", "failures.jsonl")]
    outputs = [*records, *(subject_path(plan.folder, scan.id) for scan in scans)]
    sources = [path for scan in scans for path in (scan.image, scan.labels, scan.mask)]
    refuse_inputs(outputs, [plan.cohort.source, *sources])


def _words(report: "ScanReport") -> str:
    return f"{report.id} {report.outcome}"


def _finish(
    plan: "Preparation", units: "Mapping[Unit, Scan]", fleet: Fleet, worked: "Worked[ScanReport]"
) -> None:
    """``cohort.json`` of this run's scans and of what other shards have done meanwhile.

    Looked at again after writing: two shards that end at once would else each leave out the other's last scans.
    """
    from contreg_core.prepare import ScanReport

    known = [*worked.reports, *(ScanReport(name, "cached") for name in worked.kept)]
    known += [ScanReport(name, "failed", failure=error) for name, error in worked.skipped.items()]
    seen = {report.id for report in known}
    others = [unit for unit in units if fleet.shard and unit.id not in seen]
    while True:
        found = [unit for unit in others if unit.done(plan.folder)]
        known += [ScanReport(unit.id, "cached") for unit in found]
        plan.finish(list(units.values()), known)
        others = [unit for unit in others if unit not in found]
        if not any(unit.done(plan.folder) for unit in others):
            return


def _say_replaced(plan: "Preparation", scans: Sequence["Scan"]) -> None:
    """One preprocessing has one folder, whatever the source and the cohort's knobs: the later wins, not silently."""
    from contreg_core.errors import DataError, MismatchError

    with suppress(DataError, MismatchError):  # a ``cohort.json`` that cannot be read is written anew
        count = plan.replaces(scans)
        if count:
            front().warn(
                f"{plan.folder}: {count} cached scans come from other files or cohort knobs and are replaced; "
                "another --cache would keep both"
            )


def say_notes(reports: Sequence["ScanReport"]) -> None:
    """What was found or repaired, each kind of note once with the number of scans it is true of."""
    notes = Counter(note for report in reports for note in dict.fromkeys(report.notes))
    kinds: dict[str, Counter[str]] = {}
    for note, count in notes.items():
        kinds.setdefault(re.sub(r"\d+", "#", note), Counter())[note] += count
    made = sum(report.outcome == "prepared" for report in reports)
    for kind in kinds.values():
        example, _ = kind.most_common(1)[0]
        front().say(f"  {kind.total()} of {made} scans: {example}{' (for one)' if len(kind) > 1 else ''}")
