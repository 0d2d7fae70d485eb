"""Which subjects test where a study does not say."""

from collections.abc import Sequence

from contreg_core.cohort import Split


def last_fifth(subjects: Sequence[str]) -> dict[str, Split]:
    """Subject -> split: the last fifth tests, two at the least where two remain for training."""
    tests = min(max(2, len(subjects) // 5), max(0, len(subjects) - 2))
    return {name: "test" if n >= len(subjects) - tests else "train" for n, name in enumerate(subjects)}
