"""Every bad file of the table under every command that can meet it.

The whole table is ``make test-all``; ``make test`` takes of each fault one command, another for each.
"""

from contextlib import nullcontext

import pytest

from tests.reliability.bad_inputs import rows
from tests.reliability.bad_inputs.rows import CASES, COHORT_COMMANDS, Case
from tests.reliability.bad_inputs.workshop import Workshop, without_rights

QUICK = {
    [case for case in CASES if case.fault is fault][number % len([c for c in CASES if c.fault is fault])].id
    for number, fault in enumerate((*rows.IMAGES, *rows.LABELS, *rows.REPAIRED))
}


PARAMETERS = [
    pytest.param(case, id=case.id, marks=[] if case.id in QUICK else pytest.mark.all) for case in CASES
]


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_bad_file_ends_as_promised(contreg, workshop: Workshop, case: Case, request: pytest.FixtureRequest):
    if case.fault.row == 31:
        workshop = request.getfixturevalue("open_workshop")
    bad = case.fault.make(workshop.spoiled(case.command))
    line = workshop.line(case.command, bad)
    before = workshop.finished()
    with without_rights() if case.fault.row == 31 else nullcontext():
        result = contreg(*line)
    after = workshop.finished()
    assert {name: after.get(name) for name in before} == before
    if case.fault.code == 0:
        assert result.code == 0, result.err
        assert all(word in result.out + result.err for word in case.fault.says)
        return
    cohort = case.command in COHORT_COMMANDS
    assert result.code == (3 if cohort else case.fault.code), result.err
    said = result.err if cohort else result.error
    assert all(word in said for word in (*case.fault.says, str(workshop.root), "Fix: ")), said
    if not cohort:
        assert result.error.startswith("error CR-"), said
    if case.command in (
        "register-moving",
        "register-fixed",
        "register-labels",
        "segment",
        *COHORT_COMMANDS[::2],
    ):
        (record,) = workshop.failures()
        assert record["exit_code"] == case.fault.code
        assert record["code"].startswith("CR-")
        assert all(word in f"{record['message']}. Fix: {record['hint']}" for word in case.fault.says)
