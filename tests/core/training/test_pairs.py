"""Which scans are registered to which, and in what order."""

from collections import Counter

import pytest

from contreg_core.cache import CachedScan
from contreg_core.cohort import Split
from contreg_core.errors import DataError
from contreg_core.training.pairs import PairOrder, paired, valid_pairs


def people(count: int, split: Split = "train") -> list[CachedScan]:
    return [CachedScan(f"S{n:02d}", f"S{n:02d}", split, "", "") for n in range(count)]


def rigid(count: int) -> list[CachedScan]:
    """``l{i}_to_l{j}``: subject i in the space of subject j."""
    numbers = range(1, count + 1)
    return [
        CachedScan(f"l{i}_to_l{j}", f"S{i:02d}", "train", f"S{j:02d}", "") for i in numbers for j in numbers
    ]


@pytest.mark.parametrize(
    ("count", "pairs"), [(30, 870), (10, 90), (42, 1722), (20, 380), (2, 2), (1, 0), (0, 0)]
)
def test_counts_of_ordered_pairs(count: int, pairs: int) -> None:
    """oracles.md."""
    assert len(set(valid_pairs(people(count)))) == pairs
    assert len(valid_pairs(people(count), identity=True)) == pairs + count


@pytest.mark.parametrize(("count", "pairs"), [(30, 870), (10, 90)])
def test_rigid_pairs_only_onto_the_own_space_scan(count: int, pairs: int) -> None:
    scans = rigid(count)
    found = valid_pairs(scans, own_space=True)
    assert len(found) == pairs
    for moving, fixed in found:
        i, j = scans[moving].id[1:].split("_to_l")
        assert scans[fixed].id == f"l{j}_to_l{j}"
        assert i != j
    assert len(valid_pairs(scans, own_space=True, identity=True)) == pairs + count


def test_one_person_twice_is_no_pair_and_spaces_do_not_mix() -> None:
    scans = [
        CachedScan("a1", "a", "train", "x", ""),
        CachedScan("a2", "a", "train", "x", ""),
        CachedScan("b1", "b", "train", "x", ""),
        CachedScan("b2", "b", "train", "y", ""),
    ]
    assert valid_pairs(scans) == [(2, 0), (2, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize(("kind", "length"), [("ordered", 870), ("all", 1800)])
def test_every_epoch_is_a_permutation(kind: str, length: int) -> None:
    order = PairOrder(people(30), seed=0, kind=kind)  # type: ignore[arg-type]
    assert len(order) == length
    epochs = [[order.item(epoch * length + k) for k in range(length)] for epoch in range(2)]
    for epoch, items in enumerate(epochs):
        assert {number for _, number in items} == {epoch}
        assert Counter(pair for pair, _ in items) == Counter(order.pairs)
    assert [pair for pair, _ in epochs[0]] != [pair for pair, _ in epochs[1]]


def test_the_released_codes_list_has_900_pairs_twice() -> None:
    counts = Counter(PairOrder(people(30), seed=0, kind="all").pairs)
    assert len(counts) == 900
    assert set(counts.values()) == {2}


@pytest.mark.parametrize("count", [2, 3, 30])
def test_an_atlas_is_in_about_half_of_the_pairs_and_all_pairs_are_there(count: int) -> None:
    order = PairOrder(people(count), seed=0, kind="atlas")
    assert set(order.pairs) == set(valid_pairs(people(count)))
    share = sum(0 in pair for pair in order.pairs) / len(order)
    assert share >= 0.48


def test_the_order_is_a_function_of_seed_and_number() -> None:
    first, again, other = (PairOrder(people(5), seed=seed) for seed in (3, 3, 4))
    numbers = [37, 0, 19, 20]
    assert [first.item(n) for n in numbers] == [again.item(n) for n in reversed(numbers)][::-1]
    assert [first.item(n) for n in range(20)] != [other.item(n) for n in range(20)]


def test_scans_in_no_pair_change_nothing() -> None:
    """Only those in a pair are kept in memory; the sequence of pairs is the same."""
    scans = rigid(4)[:-1]
    order = PairOrder(scans, seed=0, own_space=True)
    kept = paired(scans, order.pairs)
    assert len(kept) < len(scans)
    fewer = PairOrder(kept, seed=0, own_space=True)
    for number in range(2 * len(order)):
        (i, j), epoch = order.item(number)
        (k, m), same = fewer.item(number)
        assert (scans[i].id, scans[j].id, epoch) == (kept[k].id, kept[m].id, same)


def test_too_few_subjects() -> None:
    with pytest.raises(DataError, match="1 training scans make no pair"):
        PairOrder(people(1), seed=0)
