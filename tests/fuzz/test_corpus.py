"""Every kept input, the seeds and whatever fuzzing found: a reader returns or raises a ``ContregError``."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from targets import CORPUS, TARGETS, seeds

KEPT = [(name, file) for name in TARGETS for file in seeds(name)]


def test_every_target_has_seeds_and_every_seed_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert {name for name, _ in KEPT} == set(TARGETS)
    assert all(len(data) < 1 << 16 for name in TARGETS for data in seeds(name).values())


@pytest.mark.parametrize(("name", "file"), KEPT)
def test_a_kept_input_is_read_or_refused(tmp_path: Path, name: str, file: str) -> None:
    TARGETS[name](tmp_path, seeds(name)[file])


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_good_files_of_their_kind(tmp_path: Path, name: str) -> None:
    """A fuzzer starts from what the reader takes: damage is only found behind the first door."""
    for file, data in seeds(name).items():
        if file.startswith("good"):
            path = tmp_path / TARGETS[name].file
            path.write_bytes(data)
            TARGETS[name].read(path)
