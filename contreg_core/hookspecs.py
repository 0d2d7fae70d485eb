"""The whole plugin interface: four hooks, each returns what the plugin brings.

A plugin is a module named by an entry point of the group ``contreg``; it implements any of these with ``@hookimpl``.
"""

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    from contreg_core.cohort import Cohort
    from contreg_core.components import Component
    from contreg_core.recipe import Recipe

GROUP = "contreg"
API = 1
"""Version of this interface. A plugin may say which one it was written for: ``CONTREG_API = 1`` in its module."""
OLDEST_API = 1
"""The oldest one that still works."""
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def contreg_components() -> "list[type[Component]]":  # type: ignore[empty-body]
    """Encoder, decoder, warper, loss, solver and segmenter classes."""


@hookspec
def contreg_recipes() -> "list[str | Recipe]":  # type: ignore[empty-body]
    """Recipes, as TOML text or as ``Recipe``."""


@hookspec
def contreg_weights() -> "dict[str, Path]":  # type: ignore[empty-body]
    """Files of contreg export by the name of the plugin's own recipe: which then registers without being trained."""


@hookspec
def contreg_cohorts() -> "list[type[Cohort]]":  # type: ignore[empty-body]
    """Cohort classes."""
