"""The same work on a real Dask scheduler with two worker processes, over the loopback only."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from contreg_core.errors import RetryError, UnavailableError
from contreg_core.fleet import open_pool, run_all

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("default")  # Dask's own


LOOPBACK = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": 50}


@pytest.fixture(scope="module")
def cluster(fates: Any) -> Iterator[Any]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **LOOPBACK) as cluster:
        yield cluster


def lost(item, error):
    return (item[0], "lost", str(error))


def run(fates, items, address):
    with open_pool(fates.work, dask=address) as pool:
        return {result[0]: result[1:] for result in run_all(fates.work, items, pool, lost)}


def test_every_item_once_and_both_workers_work(cluster, fates, items):
    results = run(fates, items(*[""] * 20), cluster.scheduler_address)
    assert sorted(results, key=int) == [str(number) for number in range(20)]
    assert all(items.tries(name) == 1 for name in results)
    assert len({pid for pid, _ in results.values()}) == 2


def test_a_killed_worker_loses_nothing(cluster, fates, items):
    results = run(fates, items("", "once", "", "", ""), cluster.scheduler_address)
    assert len(results) == 5
    assert not [name for name, result in results.items() if result[0] == "lost"]
    assert items.tries("1") == 2


def test_an_item_that_ends_every_worker_is_lost_alone(cluster, fates, items):
    with distributed.Client(cluster) as client:
        client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 1))
    results = run(fates, items("", "always", ""), cluster.scheduler_address)
    assert [name for name, result in results.items() if result[0] == "lost"] == ["1"]
    assert items.tries("1") == 4


def test_a_scheduler_that_goes_away_is_worth_another_try(fates, items):
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=1, **LOOPBACK)
    with open_pool(fates.work, dask=cluster.scheduler_address) as pool:
        results = run_all(fates.work, items(*[""] * 50), pool, lost)
        next(results)
        cluster.close()
        with pytest.raises(RetryError, match="went away"):
            list(results)


def test_no_scheduler_is_said(fates, monkeypatch):
    monkeypatch.setattr("contreg_core.fleet.on_dask._SECONDS", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with (
            pytest.raises(UnavailableError, match="no Dask scheduler answers"),
            open_pool(fates.work, dask=address),
        ):
            pass
