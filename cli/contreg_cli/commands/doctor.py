"""``contreg doctor``: what contreg finds on this machine."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from contreg_cli import options
from contreg_cli.console import print_json
from contreg_cli.shell import shell


@click.command()
@options.cache
@options.as_json
def command(cache: Path | None, as_json: bool) -> None:
    """What contreg finds on this machine."""
    from contreg_core.errors import UnavailableError

    found = {**_software(), **_device(), **_storage(options.cache_root(cache)), **_plugins()}
    problems = [f"plugin {entry}: {reason}" for entry, reason in found["broken_plugins"].items()]
    problems += [found["cache_problem"]] if found["cache_problem"] else []
    if as_json:
        print_json({**found, "problems": problems})
    else:
        _print(found)
    if problems:
        raise UnavailableError(f"{len(problems)} problems: {'; '.join(problems)}", "see the lines above")


def _print(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if value not in ("", {}):
            text = ", ".join(map(str, value)) if isinstance(value, list | dict) else value
            click.echo(f"{name.replace('_', ' '):20}{text}")


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
