"""Which subjects train and which test: ``participants.tsv``, or else a seed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from contreg_adapters.splits import last_fifth
from contreg_core.cohort import SPLITS, Split
from contreg_core.tables import problems_error, read_rows


def splits_of(source: Path, subjects: Sequence[str], seed: int) -> tuple[dict[str, Split], str]:
    """Subject (``sub-01``) -> split, and where that is from. All sessions of a subject share it.

    The column ``split`` of ``participants.tsv``, of the derivative or of the study it was derived from
    (``STUDY/derivatives/NAME``), must then name a split for every subject. Else a fifth, drawn by ``seed``, tests.
    """
    for folder in (source, *([source.parent.parent] if source.parent.name == "derivatives" else [])):
        path = folder / "participants.tsv"
        if path.is_file() and (given := _given(path)):
            return _checked(path, given, subjects), "by participants.tsv"
    order = np.random.default_rng(seed).permutation(len(subjects))
    return last_fifth([subjects[n] for n in order]), f"a fifth of the subjects tests, drawn by seed {seed}"


def _given(path: Path) -> dict[str, set[str]]:
    """Subject -> what the column ``split`` says of it; empty without the column, or with nothing in it."""
    given: dict[str, set[str]] = {}
    for _, row in read_rows(path, required=("participant_id",)):
        if row.get("split"):
            name = f"sub-{row['participant_id'].removeprefix('sub-')}"
            given.setdefault(name, set()).add(row["split"])
    return given


def _checked(path: Path, given: dict[str, set[str]], subjects: Sequence[str]) -> dict[str, Split]:
    problems = []
    for subject in subjects:
        said = sorted(given.get(subject, ()))
        if not said:
            problems.append(f"no split for {subject}, though others have one")
        elif len(said) > 1:
            problems.append(f"{subject} is in splits {', '.join(said)}")
        elif said[0] not in SPLITS:
            problems.append(f"split {said[0]!r} of {subject}, expected {', '.join(SPLITS)}")
    if problems:
        raise problems_error(path, problems)
    return {subject: split for subject in subjects for split in SPLITS if split in given[subject]}
