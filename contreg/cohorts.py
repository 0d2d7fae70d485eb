"""A cohort as a person asks for it: its files, its knobs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg_core.errors import UsageError

if TYPE_CHECKING:
    from contreg_core.cohort import Cohort

KNOB = "cohort."
"""What the knobs of a cohort begin with, after ``-s``."""


def make_cohort(cls: "type[Cohort]", source: Path | None, settings: Sequence[str]) -> "Cohort":
    """The cohort with its knobs set by ``cohort.KNOB=VALUE``; raises ``UsageError`` for one it does not have."""
    from contreg_core.parameters import find, parameters_of, parse

    if wrong := [setting for setting in settings if not setting.startswith(KNOB)]:
        raise UsageError(f"-s {wrong[0]} is no knob of the cohort", f"write {KNOB}KNOB=VALUE")
    knobs: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.removeprefix(KNOB).partition("=")
        knobs[name] = parse(find(parameters_of(cls), name, f"cohort '{cls.name}'"), text)
    return cls(source, **knobs)
