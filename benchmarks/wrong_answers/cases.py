"""Which pairs are registered, right and wrong, in an order of which any beginning is a fair sample."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

LPBA40 = tuple(f"S{number:02d}" for number in range(1, 31, 3))
OASIS = tuple(f"O{number}" for number in range(1, 11))
_FAULTS = (
    "turned",
    "noise0",
    "noise1",
    "noise3",
    "mask",
    "half",
    "hole",
    "t2",
    "mirrored",
    "turned",
    "hole",
    "t2auto",
)
_ROUNDS = 6
_RIGHT = 20
_PATIENTS = (("07", "O7"), ("19", "O8"), ("07", "O9"), ("19", "O10"))
_CONTRASTS = ("T2", "FLAIR", "T1", "T2auto", "FLAIRauto")


class Case(NamedTuple):
    """``kind``: "right", one of ``FAULTS``, or "patient". ``auto`` at its end leaves the contrast to contreg."""

    kind: str
    moving: str
    fixed: str


def cases() -> Iterator[Case]:
    """Each once: three right ones, two with a fault, and now and then a patient."""
    yield from dict.fromkeys(_mixed())


def _mixed() -> Iterator[Case]:
    right, wrong, patients = _right(), _wrong(), _patients()
    for count in range(_RIGHT * 5):
        yield from islice(right, 3)
        yield from islice(wrong, 2)
        if count % 2 == 0:
            yield from islice(patients, 1)


def _right() -> Iterator[Case]:
    lpba, oasis = _pairs(LPBA40, 3 * _RIGHT, 1), _pairs(OASIS, 2 * _RIGHT, 2)
    for index in range(_RIGHT):
        for pair in (*lpba[3 * index : 3 * index + 3], *oasis[2 * index : 2 * index + 2]):
            yield Case("right", *pair)


def _wrong() -> Iterator[Case]:
    for round_ in range(_ROUNDS):
        for index, kind in enumerate(_FAULTS):
            if round_ < _ROUNDS / 2 or kind not in ("mirrored", "t2auto", "noise0"):
                names = LPBA40 if (round_ + index) % 3 else OASIS
                yield Case(kind, *_pairs(names, 1, 1000 * round_ + index)[0])


def _patients() -> Iterator[Case]:
    for number, fixed in _PATIENTS:
        for contrast in _CONTRASTS:
            yield Case(
                "patient" + "auto" * contrast.endswith("auto"),
                f"{number}-{contrast.removesuffix('auto')}",
                fixed,
            )


def _pairs(names: Sequence[str], count: int, seed: int) -> list[tuple[str, str]]:
    """Different ordered pairs of different subjects."""
    rng = np.random.default_rng(seed)
    found: list[tuple[str, str]] = []
    while len(found) < count:
        moving, fixed = (str(name) for name in rng.choice(names, 2, replace=False))
        if (moving, fixed) not in found:
            found.append((moving, fixed))
    return found
