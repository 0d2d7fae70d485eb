"""``contreg plugins``: what is installed, whether it loads and keeps its laws, and a new one to begin with."""

from pathlib import Path
from typing import Any

import click

from contreg_cli import completing, options
from contreg_cli.console import print_json, print_table
from contreg_cli.group import Group
from contreg_cli.saying import echo
from contreg_cli.scaffold import KINDS, write_package


@click.group(cls=Group)
def command() -> None:
    """Plugins: list, check, new."""


@command.command("list")
@click.option("--check", is_flag=True, help="Load each: what it brings, its seconds, what is wrong with it.")
@options.as_json
def list_(check: bool = False, as_json: bool = False) -> None:
    """Every installed plugin by its metadata; nothing is imported without --check."""
    from contreg_cli.installed import describe_installed

    _print(describe_installed(check), as_json)


@command.command()
@click.argument("name", required=False, shell_complete=completing.plugins)
@click.option("--source", type=options.ANY_PATH, help="The study of its cohort, to be read as well.")
@click.option(
    "--timeout",
    metavar="TIME",
    default="10m",
    show_default=True,
    help="For each component, recipe and cohort; one that takes longer has failed.",
)
@options.as_json
def check(name: str | None, source: Path | None, timeout: str, as_json: bool) -> None:
    """Try the laws of the conformance kit on all that a plugin brings; without NAME, only load every plugin.

    NAME is an entry point or a distribution. Exit code 69 where a plugin is broken or a law does not hold.
    """
    if name is None:
        _check_all(as_json)
        return
    from contreg.times import seconds
    from contreg_cli.installed import conformance_of
    from contreg_core.errors import UnavailableError

    failed = 0
    records = []
    for report in conformance_of(name, source, seconds(timeout)):
        failed += len(report.failed)
        records.append(report)
        if not as_json:
            echo(report.text)
    if as_json:
        print_json([_record(report) for report in records])
    if failed:
        raise UnavailableError(
            f"plugin '{name}': {failed} laws do not hold", "for its author: see the lines above"
        )


@command.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What it brings.")
@click.option(
    "-o", "--output", type=options.FOLDER, default=".", show_default=True, help="Where its folder goes."
)
def new(name: str, kind: str, output: Path) -> None:
    """Write a package that brings one component, recipe or cohort: code, test, README, CI.

    It installs, and its tests pass, as it is. Nothing is overwritten.
    """
    paths = write_package(name, kind, output)
    for path in paths:
        echo(path)
    echo(f"next: pip install --editable {paths[0].parent}; then see its README.md")


def _check_all(as_json: bool) -> None:
    from contreg_cli.installed import describe_installed
    from contreg_core.errors import UnavailableError

    plugins = describe_installed(check=True)
    _print(plugins, as_json)
    broken = [plugin["entry"] for plugin in plugins if plugin["state"] in ("broken", "absent")]
    if broken:
        raise UnavailableError(f"plugins that cannot be loaded: {', '.join(broken)}", "see the lines above")


def _state(plugin: dict[str, Any]) -> str:
    seconds = plugin["seconds"]
    return plugin["state"] if seconds is None else f"{plugin['state']}, {seconds:.2f} s"


def _record(report: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {"text": report.text, **asdict(report)}


def _print(plugins: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(plugins)
        return
    if not plugins:
        echo("no plugin is installed, contreg's own models and cohorts neither")
        return
    rows = [
        (p["entry"], f"{p['distribution']} {p['version']}".strip(), p["target"], _state(p)) for p in plugins
    ]
    print_table(("plugin", "from", "module", "state"), rows)
    for plugin in plugins:
        for line in (
            plugin["reason"],
            *(f"{kind}: {', '.join(names)}" for kind, names in plugin["brings"].items()),
        ):
            if line:
                echo(f"{plugin['entry']} ({plugin['distribution']}): {line}")
