"""Workers of a Dask cluster, through its ``concurrent.futures`` executor."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from contreg_core.errors import UnavailableError
from contreg_core.fleet import worker

T = TypeVar("T")
R = TypeVar("R")
_SECONDS = 10.0


class DaskPool(Generic[T, R]):
    """The workers of the scheduler at ``address``; it tries the item of a lost worker on others by itself.

    The function travels once to each worker. ``width`` bounds memory here, not the cluster: one that grows by its
    queue shall see a queue.
    """

    width = 1000
    certain = False

    def __init__(self, work: Callable[[T], R], address: str) -> None:
        self._client = _client(address)
        from distributed import KilledWorker

        self.lost: tuple[type[BaseException], ...] = (KilledWorker,)
        self._work = self._client.submit(worker.hold, work, pure=False)
        self._executor = self._client.get_executor(pure=False)

    def submit(self, item: T) -> "Future[R]":
        """Begin one item when a worker is free."""
        future: Future[R] = self._executor.submit(worker.perform_alone, self._work, item)
        return future

    def close(self) -> None:
        """Give up what is not done and leave the cluster as it was."""
        self._executor.shutdown(wait=False)
        self._client.close()


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise UnavailableError("--dask needs Dask", "install it: pip install 'contreg[dask]'") from error
    connect: Any = Client  # untyped
    try:
        return connect(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UnavailableError(
            f"no Dask scheduler answers at {address} ({reason})",
            "start one: dask scheduler; and give its address, e.g. tcp://host:8786",
        ) from error
