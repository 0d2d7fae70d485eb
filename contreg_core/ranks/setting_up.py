"""Work before the first step that may fail on one rank: then none goes on, and one of them says why."""

from collections.abc import Iterator
from contextlib import contextmanager

from contreg_core.errors import ContregError
from contreg_core.ranks.group import Ranks


class OtherRankError(ContregError):
    """Another rank failed, and says why; this one ends with the same exit code, without a word."""

    def __init__(self, code: int) -> None:
        super().__init__("another rank failed", "see what it said")
        self.exit_code = code  # type: ignore[misc] # as the other's class has it


@contextmanager
def all_or_none(ranks: Ranks) -> Iterator[None]:
    """Every rank enters; where the work inside fails on any, the lowest of these raises its own error, the others
    ``OtherRankError``.
    """
    failed: ContregError | None = None
    try:
        yield
    except ContregError as error:
        failed = error
    lowest = -ranks.largest(-ranks.number if failed else -ranks.count)[0]
    code = int(ranks.largest(failed.exit_code if failed else 0)[0])
    if failed and lowest == ranks.number:
        raise failed
    if code:
        raise OtherRankError(code)
