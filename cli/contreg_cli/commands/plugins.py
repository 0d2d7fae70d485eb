"""``contreg plugins``: what is installed, and whether it loads."""

from typing import Any

import click

from contreg_cli import options
from contreg_cli.console import print_json, print_table
from contreg_cli.group import Group
from contreg_cli.shell import shell


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Installed plugins."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.option("--check", is_flag=True, help="Load each, and say what is wrong with those that fail.")
@options.as_json
def list_(check: bool = False, as_json: bool = False) -> None:
    """Every installed plugin by its metadata; nothing is imported without --check."""
    plugins = _plugins(check)
    if as_json:
        print_json(plugins)
        return
    rows = [
        (p["entry"], f"{p['distribution']} {p['version']}".strip(), p["target"], p["state"]) for p in plugins
    ]
    print_table(("plugin", "from", "module", "state"), rows)
    for plugin in plugins:
        if plugin["reason"]:
            click.echo(f"{plugin['entry']} ({plugin['distribution']}): {plugin['reason']}")


def _plugins(check: bool) -> list[dict[str, Any]]:
    from contreg_core.plugins import installed_plugins

    broken = _broken() if check else {}
    found = installed_plugins(allow=shell().allow, plugins=shell().plugins)
    known = {(plugin.entry, plugin.distribution) for plugin in found}
    rows = [
        {
            "entry": plugin.entry,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "target": plugin.target,
            **_state(plugin.allowed, broken.get((plugin.entry, plugin.distribution)), check),
        }
        for plugin in found
    ]
    absent = [(entry, reason) for (entry, owner), reason in broken.items() if (entry, owner) not in known]
    return rows + [
        {"entry": entry, "distribution": "", "version": "", "target": "", "state": "absent", "reason": reason}
        for entry, reason in absent
    ]


def _state(allowed: bool, reason: str | None, check: bool) -> dict[str, str]:
    if not allowed:
        return {"state": "not allowed", "reason": ""}
    if reason is not None:
        return {"state": "broken", "reason": " ".join(reason.split())}
    return {"state": "loads" if check else "allowed", "reason": ""}


def _broken() -> dict[tuple[str, str], str]:
    from contreg_core.plugins import load_catalogue

    catalogue = load_catalogue(allow=shell().allow, plugins=shell().plugins)
    return {(broken.entry, broken.distribution): broken.reason for broken in catalogue.broken}
