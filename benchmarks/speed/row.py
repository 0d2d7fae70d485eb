"""A row of the speed table: the same work by contreg and by others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Home: TypeAlias = Literal["own", "peers"]
Call: TypeAlias = Callable[[], Any]
"""The work itself; what it returns (an array, a number or nothing) is compared with what contreg's returns."""


@dataclass(frozen=True)
class Row:
    """One file of ``rows`` holds a ``ROW`` and a function ``name() -> Call`` for every contestant.

    ``contestants`` maps names to the interpreter they run in; contreg is first. ``faster`` is how many times faster
    than each other contestant contreg is to be, ``leaner`` the largest share of its memory contreg may need.
    ``milliseconds`` is a limit of contreg's own. ``note`` says what bounds the row, for readers of a missed target.
    """

    title: str
    work: str
    contestants: Mapping[str, Home]
    faster: Mapping[str, float] = field(default_factory=dict)
    leaner: Mapping[str, float] = field(default_factory=dict)
    milliseconds: float = 0.0
    rounds: tuple[int, int] = (5, 9)
    quick: bool = True
    memory: bool = True
    note: str = ""
