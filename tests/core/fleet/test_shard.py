"""Shards: a whole, nothing twice, the same whatever the order; the part of a SLURM task."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.errors import UsageError
from contreg_core.fleet import Shard

LISTS = st.lists(st.text(max_size=8), unique=True, max_size=60)


def parts(names, count):
    return [Shard(part, count).of(names, str) for part in range(1, count + 1)]


@given(names=LISTS, count=st.integers(1, 12))
def test_shards_cover_all_overlap_nothing_and_are_even(names, count):
    shards = parts(names, count)
    assert sorted(name for shard in shards for name in shard) == sorted(names)
    sizes = [len(shard) for shard in shards]
    assert max(sizes) - min(sizes) <= 1
    assert all(shard == [name for name in names if name in set(shard)] for shard in shards)


@given(data=st.data(), names=LISTS, count=st.integers(1, 12))
def test_the_order_of_the_list_does_not_matter(data, names, count):
    other = data.draw(st.permutations(names))
    assert [set(shard) for shard in parts(names, count)] == [set(shard) for shard in parts(other, count)]


@given(
    low=st.integers(0, 50),
    step=st.integers(1, 7),
    count=st.integers(1, 30),
    said=st.booleans(),
    data=st.data(),
)
def test_every_task_of_an_even_array_has_its_own_part(low, step, count, said, data):
    indices = [low + step * number for number in range(count)]
    if not said:  # an older SLURM does not say where the indices begin
        indices = list(range(1, count + 1))
    ends = {"SLURM_ARRAY_TASK_MIN": str(indices[0]), "SLURM_ARRAY_TASK_MAX": str(indices[-1])}
    common = {"SLURM_ARRAY_TASK_COUNT": str(count), **(ends if said else {})}
    shards = [Shard.of_slurm({**common, "SLURM_ARRAY_TASK_ID": str(index)}) for index in indices]
    assert shards == [Shard(part, count) for part in range(1, count + 1)]


def test_uneven_arrays_are_refused_and_nothing_is_no_array():
    common = {"SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "7"}
    with pytest.raises(UsageError, match="uneven"):
        Shard.of_slurm({**common, "SLURM_ARRAY_TASK_ID": "2"})
    assert Shard.of_slurm({"SLURM_JOB_ID": "7"}) is None


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "a/b", "1", "", "-1/3", "1/3/5"])
def test_what_is_no_part_is_refused(text):
    with pytest.raises(UsageError, match="is not a part"):
        Shard.parse(text)
    assert str(Shard.parse("2/8")) == "2/8"
