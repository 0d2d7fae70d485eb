"""Which items of a batch are a rank's own."""

from dataclasses import dataclass

from contreg_core.errors import UsageError


@dataclass(frozen=True)
class Share:
    """The ``size`` items from ``first`` on, of a batch of ``whole``."""

    first: int
    size: int
    whole: int

    @classmethod
    def of(cls, batch: int, number: int, count: int) -> "Share":
        """Rank ``number``'s of ``count``: sizes differ by one at most, in order. Raises ``UsageError`` for none.

        >>> [Share.of(5, number, 2) for number in (0, 1)]
        [Share(first=0, size=3, whole=5), Share(first=3, size=2, whole=5)]
        """
        if batch < count:
            raise UsageError(
                f"a batch of {batch} cannot be shared by {count} ranks",
                f"use --batch-size {count} (or a multiple); it counts the items of all ranks together",
            )
        size, more = divmod(batch, count)
        return cls(number * size + min(number, more), size + (number < more), batch)

    @property
    def part(self) -> float:
        """Its weight in a mean over the batch."""
        return self.size / self.whole

    def numbers(self, step: int) -> range:
        """Its items of a step, in the endless sequence of all items."""
        first = step * self.whole + self.first
        return range(first, first + self.size)
