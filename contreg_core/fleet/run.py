"""One function over many items, here or on a pool: a bounded number in flight, results as they come."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from itertools import islice
from typing import Protocol, TypeVar

from contreg_core.errors import RetryError

T = TypeVar("T")
Item = TypeVar("Item", contravariant=True)
R = TypeVar("R")
_TOO_MANY = 5


class Pool(Protocol[Item, R]):
    """Workers that all have the function already; ``width`` items may be in flight."""

    @property
    def width(self) -> int:
        """So many items keep every worker busy."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """What a future raises whose worker ended under it, tried again included."""

    @property
    def certain(self) -> bool:
        """Whether it was that item; a cluster also blames those that waited on the same worker."""

    def submit(self, item: Item) -> "Future[R]":
        """Begin one item."""


def run_all(
    work: Callable[[T], R],
    items: Iterable[T],
    pool: "Pool[T, R] | None",
    lost: Callable[[T, RetryError], R],
) -> Iterator[R]:
    """``work(item)`` of every item: in order in this process, in any order on a pool.

    ``lost`` makes the result of an item whose worker ended twice. What ``work`` raises ends the run, and so does one
    lost item after another: ``RetryError``.
    """
    if pool is None:
        yield from map(work, items)
        return
    waiting, running, row = iter(items), dict[Future[R], T](), 0
    suspects, certain = deque[T](), pool.certain
    while True:
        running.update((pool.submit(item), item) for item in islice(waiting, pool.width - len(running)))
        if not running and suspects:  # one by one, after all others
            item, certain = suspects.popleft(), True
            running[pool.submit(item)] = item
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            item = running.pop(future)
            try:
                result, row = future.result(), 0
            except pool.lost as error:
                if not certain:
                    suspects.append(item)
                    continue
                row += 1
                if row >= _TOO_MANY:
                    raise _no_use(row) from error
                result = lost(item, _ended())
            except CancelledError as error:  # by nobody here
                raise _gone(error) from error
            yield result


def _ended() -> RetryError:
    return RetryError(
        "its worker process died twice, possibly out of memory",
        "run the same command again with fewer --workers",
    )


def _no_use(count: int) -> RetryError:
    return RetryError(
        f"{count} items in a row ended their workers, possibly out of memory; what is finished is kept",
        "run the same command again with fewer --workers",
    )


def _gone(error: CancelledError) -> RetryError:
    return RetryError(
        f"the scheduler went away ({error}); what is finished is kept",
        "start it and run the same command again",
    )
