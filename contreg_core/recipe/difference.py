"""What sets two recipes apart, in words for a message."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from contreg_core.errors import ContregError

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.recipe.nouns import Recipe

_MOST = 3


def same(before: str, now: "Recipe", catalogue: "Catalogue") -> bool:
    """Whether a recipe kept as TOML, perhaps by an older contreg, is ``now`` (resolved): knobs that came since count as
    their defaults.
    """
    from contreg_core.recipe.build import resolve
    from contreg_core.recipe.toml import load_recipe

    try:
        return resolve(load_recipe(before), catalogue) == now
    except ContregError:
        return False


def difference(before: str, now: str) -> str:
    """``training.steps = 3, now 6; ...`` of two recipes as TOML; empty where ``before`` cannot be read."""
    try:
        one, other = dict(_leaves(tomllib.loads(before))), dict(_leaves(tomllib.loads(now)))
    except tomllib.TOMLDecodeError:
        return ""
    paths = [path for path in {**one, **other} if one.get(path) != other.get(path)]
    said = [f"{path} = {one.get(path, 'absent')}, now {other.get(path, 'absent')}" for path in paths[:_MOST]]
    return "; ".join([*said, *(["..."] if len(paths) > _MOST else [])])


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
