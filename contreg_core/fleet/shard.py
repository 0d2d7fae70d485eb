"""``--shard i/n``: one part of a work list, the same in every process that knows the list."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from contreg_core.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """The ``part``-th (1-based) of ``parts`` parts of a list, chosen by a hash of the items' ids."""

    part: int
    parts: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """``i/n``; raises ``UsageError``."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        shard = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if not 1 <= shard.part <= shard.parts:
            raise UsageError(
                f"--shard {text} is not a part of a whole", "write i/n with i from 1 to n, e.g. 2/8"
            )
        return shard

    @classmethod
    def of_slurm(cls, environment: Mapping[str, str]) -> "Shard | None":
        """The part of this task of a SLURM job array, None outside one; raises ``UsageError`` for uneven indices."""
        names = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT")
        if not all(environment.get(name, "").isdecimal() for name in names):
            return None
        index, count = (int(environment[name]) for name in names)
        low, high = (int(environment.get(f"SLURM_ARRAY_TASK_{end}", low)) for end, low in _ends(count))
        step = (high - low) // max(1, count - 1) or 1
        part, beside = divmod(index - low, step)
        if beside or not 0 <= part < count:
            raise UsageError(
                f"array index {index} of {count} between {low} and {high}: the steps are uneven",
                "use an even array, e.g. --array=1-8, or say --shard i/n",
            )
        return cls(part + 1, count)

    def of(self, items: Sequence[T], name: Callable[[T], str]) -> list[T]:
        """This part of the items, in their order: sizes differ by one at most, whatever order the list is in."""
        ranked = sorted(range(len(items)), key=lambda at: (_digest(name(items[at])), at))
        return [items[at] for at in sorted(ranked[self.part - 1 :: self.parts])]

    def __str__(self) -> str:
        return f"{self.part}/{self.parts}"


def _ends(count: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """What SLURM sets beside the count, and what is meant where it does not: 1 to count."""
    return ("MIN", 1), ("MAX", count)


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
