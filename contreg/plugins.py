"""The catalogue that the front allows."""

from typing import TYPE_CHECKING

from contreg.front import Front, front

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


def load_catalogue() -> "Catalogue":
    """All that is installed and allowed; a plugin that is broken, or changed what is everybody's, is a warning."""
    catalogue = catalogue_of(front())
    for broken in catalogue.broken:
        front().warn(broken.line)
    for rude in filter(None, (one.rudeness for one in catalogue.contributions)):
        front().warn(rude)
    front().loaded(catalogue)
    return catalogue


def catalogue_of(asked: Front) -> "Catalogue":
    """The same without a word, for processes that work for one that has said it."""
    from contreg_core import plugins

    return plugins.load_catalogue(allow=asked.allow, plugins=asked.plugins, strict=asked.strict)


def plugin_versions() -> dict[str, str]:
    """Distribution -> version of every plugin in use."""
    from contreg_core.plugins import installed_plugins

    found = installed_plugins(allow=front().allow, plugins=front().plugins)
    return {plugin.distribution: plugin.version for plugin in found if plugin.allowed}
