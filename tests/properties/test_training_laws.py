"""Laws of pairs, seeds, schedules and checkpoints."""

import tempfile
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from contreg_core.cache import CachedScan
from contreg_core.checkpoint import read_checkpoint, write_checkpoint
from contreg_core.scheme import Scheme
from contreg_core.training.pairs import PairOrder, paired, valid_pairs
from contreg_core.training.schedule import learning_rate
from contreg_core.training.seeds import derive
from contreg_core.training.validation import hold_out

scans = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abxy")), min_size=1, max_size=10).map(
    lambda rows: [CachedScan(f"{n}{s}{t}", s, "train", t, "") for n, (s, t) in enumerate(rows)]
)


@given(scans, st.integers(0, 5), st.booleans())
def test_no_person_is_both_trained_on_and_held_out(
    given_scans: list[CachedScan], count: int, marked: bool
) -> None:
    """Nothing is lost either, and two persons at least stay for training unless there were fewer."""
    given_scans = [
        replace(scan, split="validation") if marked and scan.subject == "a" else scan for scan in given_scans
    ]
    training, validation = hold_out(given_scans, count)
    assert sorted(scan.id for scan in (*training, *validation)) == sorted(scan.id for scan in given_scans)
    people, held = ({scan.subject for scan in part} for part in (training, validation))
    assert not people & held
    assert len(people) >= min(2, len(people | held) - marked)


@given(scans, st.booleans())
def test_valid_pairs_share_a_space_and_no_person(given_scans: list[CachedScan], own_space: bool) -> None:
    pairs = valid_pairs(given_scans, own_space=own_space)
    expected = {
        (i, j)
        for i, a in enumerate(given_scans)
        for j, b in enumerate(given_scans)
        if a.space == b.space and a.subject != b.subject and (not own_space or b.space == b.subject)
    }
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == expected
    if not own_space:
        assert {(j, i) for i, j in pairs} == set(pairs)
    assert {scan.id for scan in paired(given_scans, pairs)} == {
        given_scans[k].id for pair in pairs for k in pair
    }


@given(st.integers(2, 7), st.integers(0, 99), st.integers(0, 5), st.sampled_from(["ordered", "all"]))
def test_any_epoch_is_a_permutation(count: int, seed: int, epoch: int, kind: str) -> None:
    people = [CachedScan(str(n), str(n), "train", "", "") for n in range(count)]
    order = PairOrder(people, seed=seed, kind=kind)  # type: ignore[arg-type]
    items = [order.item(epoch * len(order) + k) for k in range(len(order))]
    assert Counter(pair for pair, _ in items) == Counter(order.pairs)
    assert {number for _, number in items} == {epoch}


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
)
def test_seeds_meet_only_for_the_same_parts(a: list[int], b: list[int]) -> None:
    assert (derive("x", *a) == derive("x", *b)) == (a == b)


@given(
    st.sampled_from(["constant", "step", "cosine"]),
    st.integers(1, 500),
    st.integers(0, 50),
    st.integers(1, 60),
)
def test_rates_stay_between_zero_and_the_peak(schedule: str, total: int, warmup: int, epoch: int) -> None:
    scheme = Scheme(learning_rate=1e-3, schedule=schedule, warmup_steps=warmup, decay_epochs=3)  # type: ignore[arg-type]
    rates = [learning_rate(scheme, step, total, epoch) for step in range(total)]
    assert all(0 < rate <= 1e-3 * (1 + 1e-12) for rate in rates)
    after = rates[warmup:]
    assert all(later <= earlier * (1 + 1e-12) for earlier, later in pairwise(after))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
dtypes = st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool])


@settings(max_examples=40)
@given(
    st.dictionaries(st.text(min_size=1, max_size=5), json_values, max_size=3),
    st.lists(st.tuples(dtypes, st.lists(st.integers(0, 3), max_size=3)), max_size=4),
)
def test_any_record_and_tensors_come_back(
    record: dict[str, object], kinds: list[tuple[torch.dtype, list[int]]]
) -> None:
    tensors = {f"model/{n}": (torch.rand(shape) * 3).to(dtype) for n, (dtype, shape) in enumerate(kinds)}
    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(Path(folder) / "a", tensors, record)
        found = read_checkpoint(Path(folder) / "a")
    assert {key: found.record[key] for key in record if key not in ("schema", "contreg", "sha256")} == {
        key: value for key, value in record.items() if key not in ("schema", "contreg", "sha256")
    }
    assert all(torch.equal(found.part("model")[str(n)], tensors[f"model/{n}"]) for n in range(len(kinds)))
