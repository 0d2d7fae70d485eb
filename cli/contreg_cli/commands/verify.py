"""``contreg verify``: whether outputs, runs and caches are still what was written."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from contreg_cli import options
from contreg_cli.console import print_json
from contreg_cli.saying import echo


@click.command()
@click.argument("folder", type=options.FOLDER)
@options.as_json
def command(folder: Path, as_json: bool) -> None:
    """Read everything under FOLDER again: outputs against SHA256SUMS, checkpoints and cached scans against theirs.

    FOLDER is an output of register or segment, a run, or a cache. Ends with 65 where anything is damaged or gone.
    """
    from contreg_core.errors import DataError, MissingError

    if not folder.is_dir():
        raise MissingError(f"{folder}: no such folder", "name an output folder, a run or a cache")
    found = dict(_checked(folder))
    faults = {name: fault for name, fault in found.items() if fault}
    if as_json:
        print_json({"checked": len(found), "faults": faults})
    else:
        for name, fault in faults.items():
            echo(f"{name}: {fault}")
    if not found:
        raise MissingError(
            f"{folder}: nothing here that could be checked", "name an output folder, a run or a cache"
        )
    if faults:
        raise DataError(
            f"{folder}: {len(faults)} of {len(found)} files are damaged or gone: {', '.join(faults)}",
            "make them again, or restore them",
            code="OUT-46",
        )
    if not as_json:
        echo(f"{len(found)} files are as they were written")


def _checked(folder: Path) -> Iterator[tuple[str, str]]:
    """(name, fault or "") of every file that can be checked."""
    from contreg_core.cache import read_subject
    from contreg_core.checkpoint import read_checkpoint
    from contreg_core.sums import NAME, check_sums

    for sums in sorted(folder.rglob(NAME)):
        for name, fault in check_sums(sums.parent).items():
            yield str((sums.parent / name).relative_to(folder)), fault
    for pattern, read in (("*.safetensors", read_checkpoint), ("subjects/*.h5", read_subject)):
        for path in sorted(folder.rglob(pattern)):
            yield str(path.relative_to(folder)), _fault(lambda path=path, read=read: read(path))  # type: ignore[misc]


def _fault(read: Callable[[], object]) -> str:
    from contreg_core.errors import ContregError

    try:
        read()
    except ContregError as error:
        return error.message
    return ""
