"""``contreg cache``: the caches of prepared cohorts: which there are, whether they are whole, which may go."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from contreg.caches import cache_root
from contreg_cli import options
from contreg_cli.console import print_json, print_table, progress
from contreg_cli.group import Group
from contreg_cli.saying import echo


@click.group(cls=Group)
def command() -> None:
    """Caches of prepared cohorts: list, verify, prune."""


@command.command("list")
@options.cache
@options.as_json
def list_(cache: Path | None, as_json: bool) -> None:
    """Every cache, what it holds and how much disk it takes."""
    rows = [_row(folder) for folder in folders(cache_root(cache))]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("cache", "cohort", "scans", "failed", "MiB", "state"),
        [
            (r["folder"], r["cohort"], str(r["scans"]), str(r["failed"]), f"{r['mib']:.1f}", r["state"])
            for r in rows
        ],
    )


@command.command()
@click.argument("names", nargs=-1, metavar="[CACHE]...")
@options.cache
def verify(names: Sequence[str], cache: Path | None) -> None:
    """Read every scan of the caches named (default: all) to its end, against its checksums."""
    from contreg_core.cache import read_subject
    from contreg_core.errors import ContregError, DataError

    files = [path for folder in _named(cache, names) for path in sorted(folder.glob("subjects/*.h5"))]
    faults = []
    with progress("verify", len(files)) as bar:
        for number, path in enumerate(files, start=1):
            try:
                read_subject(path)
            except ContregError as error:
                faults.append(path)
                bar.say(f"failed: {error}")
            bar.update(number, path.stem)
    if faults:
        raise DataError(
            f"{len(faults)} of {len(files)} cached scans are damaged: {', '.join(map(str, faults))}",
            "run the same prepare command with --verify, which makes them anew",
            code="CACHE-46",
        )
    echo(f"{len(files)} cached scans are whole")


@command.command()
@click.argument("names", nargs=-1, metavar="[CACHE]...")
@click.option("--unreadable", is_flag=True, help="Also the caches that this version cannot read.")
@click.option("--yes", is_flag=True, help="Remove them; without it they are only listed.")
@options.cache
def prune(names: Sequence[str], unreadable: bool, yes: bool, cache: Path | None) -> None:
    """Remove the caches named; nothing else ever removes one."""
    from contreg_core.errors import UsageError

    chosen = _named(cache, names) if names else []
    if unreadable:
        rows = {folder: _row(folder)["state"] for folder in folders(cache_root(cache))}
        chosen += [folder for folder, state in rows.items() if state != "whole" and folder not in chosen]
    if not (names or unreadable):
        raise UsageError("no cache is named", "name one of contreg cache list, or give --unreadable")
    for folder in chosen:
        if folder.is_symlink():
            raise UsageError(
                f"{folder}: is a link to a folder elsewhere", "remove what it leads to, or the link"
            )
        if yes:
            shutil.rmtree(folder)
        echo(f"{'removed' if yes else 'would remove'}: {folder}")
    if chosen and not yes:
        echo("give --yes to remove them")


def folders(root: Path) -> list[Path]:
    """Every folder under ``root`` that is a cache by contreg's own record in it, whole or not."""
    from contreg_core.cache import is_cache

    return sorted(path for path in root.glob("*") if is_cache(path))


def _named(cache: Path | None, names: Sequence[str]) -> list[Path]:
    """The caches of these names; all where none is given."""
    from contreg_core.errors import MissingError

    root = cache_root(cache)
    there = {folder.name: folder for folder in folders(root)}
    if missing := [name for name in names if name not in there]:
        raise MissingError(f"{root}: no cache '{missing[0]}'", f"there are: {', '.join(there) or 'none'}")
    return [there[name] for name in names] if names else list(there.values())


def _row(folder: Path) -> dict[str, Any]:
    from contreg_core.cache import CachedCohort
    from contreg_core.errors import ContregError

    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
    known: dict[str, Any] = {"folder": folder.name, "mib": round(size, 2)}
    try:
        cohort = CachedCohort.open(folder)
    except ContregError as error:
        return {**known, "cohort": "", "scans": 0, "failed": 0, "state": error.message}
    gone = [scan.id for scan in cohort.scans if not cohort.path(scan.id).is_file()]
    state = f"{len(gone)} scans are gone: {', '.join(gone)}" if gone else "whole"
    return {
        **known,
        "cohort": cohort.name,
        "scans": len(cohort.scans),
        "failed": len(cohort.failed),
        "state": state,
    }
