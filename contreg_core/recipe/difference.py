"""What sets two recipes apart, in words for a message."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

_MOST = 3


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
