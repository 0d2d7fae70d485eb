"""Worker processes of this machine."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context, resource_tracker
from signal import SIG_BLOCK, SIGINT, SIGKILL, SIGTERM, Signals, pthread_sigmask
from typing import Generic, TypeVar

from contreg_core.cores import share
from contreg_core.errors import RetryError
from contreg_core.fleet import worker

T = TypeVar("T")
R = TypeVar("R")
_PATIENCE = 5.0


class LocalPool(Generic[T, R]):
    """``workers`` executors of one process each, a thread waiting on every one.

    One process an executor, so that one that is killed takes no other's item with it: it is started again and its item
    tried once more. Processes are spawned: a fork would copy the threads of torch and of HDF5.
    """

    lost: tuple[type[BaseException], ...] = (BrokenProcessPool, SystemExit)
    certain = True

    def __init__(self, work: Callable[[T], R], workers: int) -> None:
        self.width = workers
        self._begin = (work, share(workers))
        self._threads = ThreadPoolExecutor(workers, "contreg-lane")
        self._mine = threading.local()
        self._lanes: dict[int, ProcessPoolExecutor] = {}
        self._stopping = threading.Event()

    def submit(self, item: T) -> "Future[R]":
        """Begin one item as soon as a process is free."""
        return self._threads.submit(self._watched, item)

    def close(self) -> None:
        """Let all processes go; what they were at is given up, its temporary files removed."""
        self._stopping.set()
        busy = threading.Timer(_PATIENCE, self._signal, [SIGKILL])
        self._signal(SIGTERM)
        busy.start()
        self._threads.shutdown(cancel_futures=True)
        for lane in list(self._lanes.values()):
            lane.shutdown()
        busy.cancel()

    def _watched(self, item: T) -> R:
        try:
            return self._once(item)
        except self.lost:
            if self._stopping.is_set():
                raise
        return self._once(item)

    def _once(self, item: T) -> R:
        lane = self._lane()
        if self._stopping.is_set():
            raise SystemExit
        try:
            result: R = lane.submit(worker.perform, item).result()
        except self.lost:
            self._drop()
            raise
        return result

    def _lane(self) -> ProcessPoolExecutor:
        """This thread's process, started where there is none."""
        lane: ProcessPoolExecutor | None = getattr(self._mine, "lane", None)
        if lane is None:
            # The process inherits it: Ctrl-C reaches it too, and while it still imports it would show a traceback.
            # Python's tracker of resources, begun with a thread's first process, would let it through again.
            resource_tracker.ensure_running()
            pthread_sigmask(SIG_BLOCK, [SIGINT])
            context = get_context("spawn")
            lane = ProcessPoolExecutor(1, mp_context=context, initializer=worker.begin, initargs=self._begin)
            try:
                self._mine.pid = lane.submit(os.getpid).result()
            except BrokenProcessPool as error:
                raise RetryError(
                    "a worker process cannot be started", "run the same command again with fewer --workers"
                ) from error
            self._mine.lane = self._lanes[self._mine.pid] = lane
        return lane

    def _drop(self) -> None:
        lane = self._lanes.pop(self._mine.pid)
        self._mine.lane = None
        self._kill(self._mine.pid, SIGKILL)
        lane.shutdown()

    def _signal(self, kind: Signals) -> None:
        for pid in list(self._lanes):
            self._kill(pid, kind)

    @staticmethod
    def _kill(pid: int, kind: Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, kind)
