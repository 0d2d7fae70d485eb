"""The table is whole: every row of the 68 has a test that exists."""

from pathlib import Path

from tests.reliability.bad_inputs.rows import CASES, EVENTS

ROOT = Path(__file__).parents[3]


def test_every_row_is_tested():
    assert {case.fault.row for case in CASES} | set(EVENTS) == set(range(1, 69))
    assert len({case.id for case in CASES}) > 200


def test_the_tests_named_are_there():
    for names in EVENTS.values():
        for name in names:
            file, _, test = name.partition("::")
            assert (ROOT / file).exists(), name
            assert not test or f"def {test}" in (ROOT / file).read_text(encoding="utf-8"), name
