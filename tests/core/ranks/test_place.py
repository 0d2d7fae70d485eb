"""What launchers say of a process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.errors import UsageError
from contreg_core.ranks import Share
from contreg_core.ranks.place import Place, first_node

SRUN = {
    **{"SLURM_JOB_ID": "4711", "SLURM_STEP_ID": "2", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "8"},
    **{"SLURM_PROCID": "5", "SLURM_LOCALID": "1", "SLURM_STEP_TASKS_PER_NODE": "4(x2)"},
    "SLURM_STEP_NODELIST": "gpu[07-08]",
}


def test_torchrun() -> None:
    environment = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
    assert Place.found(environment) == Place(5, 8, 1, 4, "torchrun")
    assert Place.found(environment | SRUN) == Place(5, 8, 1, 4, "torchrun")  # torchrun inside a job


def test_srun() -> None:
    place = Place.found(SRUN)
    assert place == Place(5, 8, 1, 4, "srun", place.meeting if place else "")
    assert place.meeting.startswith("tcp://gpu07:")
    assert 1024 < int(place.meeting.rpartition(":")[2]) < 2**15 + 2**14
    assert place.meeting == getattr(Place.found(SRUN | {"SLURM_PROCID": "0"}), "meeting", None)
    own = Place.found(SRUN | {"MASTER_ADDR": "here", "MASTER_PORT": "99"})
    assert own is not None
    assert own.meeting == "tcp://here:99"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"RANK": "0", "WORLD_SIZE": "1"},
        {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"},  # a batch script, a shell of salloc
        SRUN | {"SLURM_STEP_NUM_TASKS": "1"},
    ],
)
def test_a_process_alone(environment: dict[str, str]) -> None:
    assert Place.found(environment) is None


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("n1", "n1"), ("a[01-03]", "a01"), ("a[3,5-6],b", "a3"), ("r[1-2]c[10-11]x", "r1c10x"), ("a,b[1]", "a")],
)
def test_the_first_of_a_list(nodes: str, first: str) -> None:
    assert first_node(nodes) == first


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 5))
def test_shares_cover_every_batch_once(batch: int, count: int, step: int) -> None:
    if batch < count:
        with pytest.raises(UsageError, match=f"--batch-size {count}"):
            Share.of(batch, 0, count)
        return
    shares = [Share.of(batch, number, count) for number in range(count)]
    numbers = [number for share in shares for number in share.numbers(step)]
    assert numbers == list(range(step * batch, (step + 1) * batch))
    assert max(share.size for share in shares) - min(share.size for share in shares) <= 1
    assert sum(share.part for share in shares) == pytest.approx(1)
