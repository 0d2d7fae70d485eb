"""What the options before the command say, and the catalogue they allow."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


@dataclass(frozen=True)
class Shell:
    """``allow``: the plugins that may be loaded (None: all, or what ``CONTREG_PLUGINS`` says); ``arguments``: all of
    the command line.
    """

    allow: tuple[str, ...] | None = None
    plugins: bool = True
    strict: bool = False
    debug: bool = False
    arguments: tuple[str, ...] = ()


def shell() -> Shell:
    """The options of the program that is running."""
    context = click.get_current_context(silent=True)
    return (context.find_object(Shell) if context else None) or Shell()


def load_catalogue() -> "Catalogue":
    """All that is installed and allowed; a plugin that cannot be loaded is one line on stderr."""
    from contreg_cli.names import remember

    asked = shell()
    catalogue = catalogue_of(asked)
    for broken in catalogue.broken:
        click.echo(f"warning: {broken.line}", err=True)
    if asked.plugins and asked.allow is None:
        remember(catalogue)
    return catalogue


def catalogue_of(asked: Shell) -> "Catalogue":
    """The same without a word, for processes that work for one that has said it."""
    from contreg_core import plugins

    return plugins.load_catalogue(allow=asked.allow, plugins=asked.plugins, strict=asked.strict)


def plugin_versions() -> dict[str, str]:
    """Distribution -> version of every plugin in use."""
    from contreg_core.plugins import installed_plugins

    found = installed_plugins(allow=shell().allow, plugins=shell().plugins)
    return {plugin.distribution: plugin.version for plugin in found if plugin.allowed}
