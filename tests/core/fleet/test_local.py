"""Worker processes of this machine: everything once, a killed worker costs one try, nobody stays behind."""

import os

import pytest

from contreg_core.cores import share
from contreg_core.errors import RetryError
from contreg_core.fleet import open_pool, run_all


def lost(item, error):
    return (item[0], "lost", str(error))


def run(fates, items, workers=2):
    with open_pool(fates.work, workers) as pool:
        return {result[0]: result[1:] for result in run_all(fates.work, items, pool, lost)}


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_item_once_on_every_worker_and_all_of_them_leave(fates, items):
    results = run(fates, items(*[""] * 12))
    assert sorted(results, key=int) == [str(number) for number in range(12)]
    assert all(items.tries(name) == 1 for name in results)
    pids = {pid for pid, _ in results.values()}
    assert os.getpid() not in pids
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)


def test_a_killed_worker_costs_its_item_one_more_try_and_the_others_nothing(fates, items):
    results = run(fates, items("", "once", "always", "", "polite", "", ""))
    assert [items.tries(str(number)) for number in range(7)] == [1, 2, 2, 1, 2, 1, 1]
    assert results["2"][0] == "lost"
    assert "died twice" in results["2"][1]
    assert [name for name, result in results.items() if result[0] == "lost"] == ["2"]


def test_one_lost_item_after_another_ends_the_run(fates, items):
    with pytest.raises(RetryError, match="in a row"):
        run(fates, items(*["always"] * 9))


def test_what_the_work_raises_ends_the_run_and_the_workers(fates, items):
    with pytest.raises(OSError, match="no space"):
        run(fates, items("", "raise", ""))


def test_one_worker_is_this_process(fates, items, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert {pid for pid, _ in run(fates, items("", ""), workers=1).values()} == {os.getpid()}


def test_cores_are_shared_out(fates, items, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = len(os.sched_getaffinity(0))
    assert share(1) == cores
    assert share(2 * cores) == 1
    results = run(fates, items(*[""] * 4))
    assert {threads for _, threads in results.values()} == {str(max(1, cores // 2))}
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert share(1) == 1
