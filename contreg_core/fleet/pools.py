"""The pool that the options ask for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from contreg_core.fleet.local import LocalPool
from contreg_core.fleet.on_dask import DaskPool
from contreg_core.fleet.run import Pool

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def open_pool(
    work: Callable[[T], R], workers: int = 1, dask: str | None = None
) -> "Iterator[Pool[T, R] | None]":
    """A pool for ``work``: of the Dask cluster at that address, else of ``workers`` processes; None for one, this one.

    Raises ``UnavailableError`` where Dask is not there.
    """
    if dask is None and workers == 1:
        yield None
        return
    pool = LocalPool(work, workers) if dask is None else DaskPool(work, dask)
    try:
        yield pool
    finally:
        pool.close()
