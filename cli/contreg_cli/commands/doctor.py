"""``contreg doctor``: what contreg finds on this machine."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contreg.caches import cache_root
from contreg.needing import Training, needs
from contreg_cli import options
from contreg_cli.console import print_json
from contreg_cli.saying import echo
from contreg_cli.shell import shell

if TYPE_CHECKING:
    from contreg_core.engine import Precision


@click.command()
@options.cache
@click.option("--model", metavar="RECIPE", help="Also the memory that training this recipe will take.")
@click.option("--data", metavar="COHORT", help="On this prepared cohort.")
@click.option(
    "--size", type=click.IntRange(2), nargs=3, metavar="X Y Z", help="On scans of this many voxels."
)
@click.option("--batch-size", type=click.IntRange(1), help="Pairs (or labelled images) a step.")
@options.settings
@options.device
@options.precision
@options.as_json
def command(
    cache: Path | None,
    model: str | None,
    data: str | None,
    size: tuple[int, int, int] | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    device: str,
    precision: "Precision",
    as_json: bool,
) -> None:
    """What contreg finds on this machine; with --model the memory of a training before it runs.

    Ends with 69 where something is wrong or the memory will not suffice.
    """
    from contreg_core.errors import UnavailableError

    root = cache_root(cache)
    found = {**_software(), **_device(), **_storage(root), **_caches(root), **_plugins()}
    problems = [f"plugin {entry}: {reason}" for entry, reason in found["broken_plugins"].items()]
    problems += [found["cache_problem"]] if found["cache_problem"] else []
    problems += [f"cache {name}: {state}" for name, state in found["broken_caches"].items()]
    if model:
        found |= needs(Training(model, data, size, batch_size, settings), cache, device, precision)
        problems += [found["memory_problem"]] if found["memory_problem"] else []
    if as_json:
        print_json({**found, "problems": problems})
    else:
        _print(found)
    if problems:
        raise UnavailableError(f"{len(problems)} problems: {'; '.join(problems)}", "see the lines above")


def _print(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if value not in ("", {}):
            echo(f"{name.replace('_', ' '):20}{_words(value)}")


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _software() -> dict[str, Any]:
    from contreg_core.provenance import provenance

    record = provenance("", {})
    return {
        "contreg": record["contreg"],
        "python": record["python"],
        "system": record["system"],
        **{package.lower(): version for package, version in record["packages"].items()},
    }


def _device() -> dict[str, Any]:
    import torch

    from contreg_core.engine import Engine

    engine = Engine.choose()
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "device": engine.describe(),
        "cuda_devices": names or "none",
        "bfloat16": engine.bfloat16,
        "threads": torch.get_num_threads(),
    }


def _storage(root: Path) -> dict[str, Any]:
    """The nearest folder that exists tells free space; a file is written and removed."""
    from contreg_core.errors import ContregError
    from contreg_core.files import probe

    existing = next(folder for folder in (root, *root.absolute().parents) if folder.is_dir())
    problem = ""
    try:
        probe(root)
    except ContregError as error:
        problem = str(error)
    free = shutil.disk_usage(existing).free / 2**30
    return {"cache": str(root), "cache_free_gib": round(free, 1), "cache_problem": problem}


def _caches(root: Path) -> dict[str, Any]:
    """How many there are, and those that cannot be used; contreg cache verify reads every scan as well."""
    from contreg_cli.commands.cache import folders
    from contreg_core.cache import CachedCohort
    from contreg_core.errors import ContregError

    broken: dict[str, str] = {}
    all_of_them = folders(root)
    for folder in all_of_them:
        try:
            CachedCohort.open(folder)
        except ContregError as error:
            broken[folder.name] = error.message
    return {"caches": len(all_of_them), "broken_caches": broken}


def _plugins() -> dict[str, Any]:
    from contreg_core.plugins import load_catalogue

    catalogue = load_catalogue(allow=shell().allow, plugins=shell().plugins)
    counts: dict[str, Sequence[object]] = {
        "recipes": catalogue.recipes(),
        "components": catalogue.components(),
        "cohorts": catalogue.cohorts(),
    }
    return {
        **{noun: len(things) for noun, things in counts.items()},
        "broken_plugins": {broken.entry: " ".join(broken.reason.split()) for broken in catalogue.broken},
    }
