"""``contreg data``: cohorts and the caches made of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contreg.caches import cache_root
from contreg.plugins import load_catalogue
from contreg_cli import completing, options
from contreg_cli.cohort_options import cohort_reading
from contreg_cli.console import print_json, print_table, progress
from contreg_cli.group import Group
from contreg_cli.saying import echo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from contreg_core.cache import CachedCohort
    from contreg_core.cohort import Cohort, LoadedScan, Repairs, Scan
    from contreg_core.prepare import ScanReport

_source = click.option(
    "--source", type=options.ANY_PATH, metavar="PATH", help="The study: its folder, or a manifest's file."
)

_knobs = click.option(
    "-s", "--set", "settings", multiple=True, metavar="cohort.KNOB=VALUE", help="A knob of the cohort."
)


@click.group(cls=Group)
def command() -> None:
    """Cohorts and caches: list, show, check."""


@command.command("list")
@options.cache
@options.as_json
def list_(cache: Path | None, as_json: bool) -> None:
    """Cohorts that can be read, and caches that are prepared."""
    cohorts = [
        {"name": cls.name, "summary": cls.summary, "needs_source": cls.needs_source}
        for cls in load_catalogue().cohorts()
    ]
    root = cache_root(cache)
    caches = [_cache(cached) for cached in prepared(root)]
    if as_json:
        print_json({"cohorts": cohorts, "root": str(root), "caches": caches})
        return
    print_table(("cohort", ""), [(str(c["name"]), str(c["summary"])) for c in cohorts])
    echo(f"\ncaches in {root}: {len(caches) or 'none'}")
    if caches:
        columns = ("folder", "scans", "failed", "spacing", "intensity")
        print_table(columns, [tuple(str(one[column]) for column in columns) for one in caches])


@command.command()
@click.argument("name", shell_complete=completing.cohorts)
@_source
@_knobs
@options.cache
@options.as_json
def show(
    name: str, source: Path | None, settings: tuple[str, ...], cache: Path | None, as_json: bool
) -> None:
    """A cohort's scans, splits, labels, regions and protocols.

    Scans are those of --source, or else those of a cache.
    """
    from contreg.cohorts import make_cohort

    cohort = make_cohort(load_catalogue().cohort(name), source, settings)
    caches = [cached for cached in prepared(cache_root(cache)) if cached.name == name]
    scans = cohort.scans() if source or not cohort.needs_source else caches[0].scans if caches else ()
    description = _describe(cohort, scans, caches)
    if as_json:
        print_json(description)
        return
    _print_cohort(description)


@command.command()
@click.argument("name", shell_complete=completing.cohorts)
@_source
@_knobs
@cohort_reading
@options.as_json
def check(
    name: str, source: Path | None, settings: tuple[str, ...], repairs: "Repairs", as_json: bool
) -> None:
    """Read every scan and report what is wrong; nothing is written."""
    from contreg.cohorts import make_cohort
    from contreg.preparing import describe_cohort, say_apart, say_notes
    from contreg_core.errors import DataError, PartialError

    cohort = make_cohort(load_catalogue().cohort(name), source, settings)
    cohort.repairs = repairs
    scans = cohort.scans()
    places: list[tuple[str, str, NDArray[np.float64]]] = []
    reports = list(_checked(cohort, scans, places))
    say_apart(places)
    failed = [report for report in reports if report.outcome == "failed"]
    if as_json:
        print_json({"cohort": name, "scans": [_checked_record(report) for report in reports]})
    else:
        echo(describe_cohort(cohort, scans))
        say_notes(reports)
    for report in failed:
        echo(f"failed: {report.id}: {report.error}", err=True)
    if failed:
        kind = DataError if len(failed) == len(reports) else PartialError
        raise kind(f"{len(failed)} of {len(reports)} scans cannot be used", "fix the files named above")
    if not as_json:
        echo(f"all {len(reports)} scans can be used")


def prepared(root: Path) -> "list[CachedCohort]":
    """Every readable cache under ``root``; an unreadable one is a line on stderr."""
    from contreg_core.cache import CachedCohort
    from contreg_core.errors import ContregError

    found = []
    for path in sorted(root.glob("*/cohort.json")):
        try:
            found.append(CachedCohort.open(path.parent))
        except ContregError as error:
            echo(f"warning: {error}", err=True)
    return found


def _checked(
    cohort: "Cohort", scans: "Sequence[Scan]", places: "list[tuple[str, str, NDArray[np.float64]]]"
) -> "Iterator[ScanReport]":
    """Report by report; where each brain lies is added to ``places``."""
    from contreg_core.cache.subject_file import unsigned_labels
    from contreg_core.errors import ContregError
    from contreg_core.prepare import ScanReport
    from contreg_core.whereabouts import middle

    with progress("check", len(scans)) as bar:
        for number, scan in enumerate(scans, start=1):
            try:
                loaded: LoadedScan = cohort.load(scan)
                if loaded.labels is not None:
                    unsigned_labels(loaded.labels.array, scan.id)  # as prepare would refuse them
                places.append((scan.space, scan.id, middle(loaded.mask, loaded.image.affine)))
                yield ScanReport(scan.id, "prepared", loaded.notes)
            except ContregError as error:
                yield ScanReport(scan.id, "failed", failure=error)
            bar.update(number, scan.id)


def _checked_record(report: "ScanReport") -> dict[str, Any]:
    usable = report.outcome != "failed"
    return {"id": report.id, "usable": usable, "notes": list(report.notes), "error": report.error}


def _cache(cached: "CachedCohort") -> dict[str, Any]:
    return {
        "folder": cached.folder.name,
        "cohort": cached.name,
        "scans": len(cached.scans),
        "failed": len(cached.failed),
        "spacing": cached.preprocessing.spacing,
        "intensity": cached.preprocessing.intensity,
        "bytes": sum(cached.path(scan.id).stat().st_size for scan in cached.scans),
    }


def _describe(cohort: "Cohort", scans: "Sequence[Any]", caches: "Sequence[CachedCohort]") -> dict[str, Any]:
    return {
        "name": cohort.name,
        "summary": cohort.summary,
        "scans": [{"id": s.id, "subject": s.subject, "split": s.split, "space": s.space} for s in scans],
        "splits": dict(Counter(scan.split for scan in scans)),
        "labels": [{"id": row.id, "name": row.name, "side": row.side} for row in cohort.label_table()],
        "default_protocol": cohort.default_protocol,
        "protocols": [
            {
                "name": protocol.name,
                "description": protocol.description,
                "headline": protocol.headline,
                "identity_pairs": protocol.identity_pairs,
                "labels": list(protocol.labels),
                "regions": {region: list(ids) for region, ids in protocol.regions.items()},
                "merge": dict(protocol.merge),
            }
            for protocol in cohort.protocols()
        ],
        "caches": [_cache(cached) for cached in caches],
    }


def _print_cohort(cohort: dict[str, Any]) -> None:
    echo(f"{cohort['name']}: {cohort['summary']}")
    splits = ", ".join(f"{count} {split}" for split, count in cohort["splits"].items())
    echo(f"scans: {len(cohort['scans'])} ({splits})" if splits else "scans: name --source, or prepare it")
    for split in cohort["splits"]:
        echo(f"  {split}: {' '.join(scan['id'] for scan in cohort['scans'] if scan['split'] == split)}")
    echo()
    print_table(("label", "name", "side"), [(str(r["id"]), r["name"], r["side"]) for r in cohort["labels"]])
    for protocol in cohort["protocols"]:
        default = " (default)" if protocol["name"] == cohort["default_protocol"] else ""
        echo(f"\nprotocol {protocol['name']}{default}: {protocol['description']}")
        regions = protocol["regions"].items()
        print_table(("region", "labels"), [(name, " ".join(map(str, ids))) for name, ids in regions])
    if cohort["caches"]:
        echo(f"\ncaches: {', '.join(cached['folder'] for cached in cohort['caches'])}")
