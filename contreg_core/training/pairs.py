"""Which scans are registered to which, and in what order."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from contreg_core.cache.cohort_file import CachedScan
from contreg_core.errors import DataError
from contreg_core.training.seeds import generator

IndexPair = tuple[int, int]
Pairing = Literal["ordered", "all", "atlas"]


def valid_pairs(
    scans: Sequence[CachedScan], *, own_space: bool = False, identity: bool = False
) -> list[IndexPair]:
    """(moving, fixed) indices of all ordered pairs that share a space; two scans of one person are no pair.

    ``own_space``: in rigid-pair sets only the person's own-space scan may be fixed (``l{i}_to_l{j}`` with
    ``l{j}_to_l{j}``). ``identity`` adds every scan with itself.
    """
    return [
        (moving, fixed)
        for fixed, b in enumerate(scans)
        if not own_space or b.space == b.subject
        for moving, a in enumerate(scans)
        if a.space == b.space and (a.subject != b.subject or (identity and moving == fixed))
    ]


def _with_atlas(pairs: Sequence[IndexPair]) -> list[IndexPair]:
    """All pairs, those of the first scan repeated until they are about as many as all the others."""
    atlas = [pair for pair in pairs if 0 in pair]
    return [*pairs, *atlas * ((len(pairs) - len(atlas)) // max(1, len(atlas)) - 1)]


def paired(scans: Sequence[CachedScan], pairs: Sequence[IndexPair]) -> list[CachedScan]:
    """The scans that are in any of ``pairs``, in order; the others need not be in memory."""
    return [scans[index] for index in sorted({index for pair in pairs for index in pair})]


class PairOrder:
    """The pairs of a training run, without end: a permutation of all pairs each epoch, a function of (seed, epoch).

    ``kind="all"`` is the released code's list: self pairs included and everything twice an epoch. ``"atlas"`` makes
    about half of the pairs those of the first scan with every other.
    """

    def __init__(
        self,
        scans: Sequence[CachedScan],
        *,
        seed: int,
        own_space: bool = False,
        kind: Pairing = "ordered",
    ) -> None:
        pairs = valid_pairs(scans, own_space=own_space, identity=kind == "all")
        if not pairs:
            raise DataError(
                f"{len(scans)} training scans make no pair of two persons in one space",
                "prepare at least two training subjects",
            )
        self.pairs = pairs * 2 if kind == "all" else _with_atlas(pairs) if kind == "atlas" else pairs
        self.seed = seed
        self._order = lru_cache(maxsize=2)(self._permutation)

    def __len__(self) -> int:
        return len(self.pairs)

    def item(self, number: int) -> tuple[IndexPair, int]:
        """The pair at a position of the endless sequence, and its epoch."""
        epoch, position = divmod(number, len(self.pairs))
        return self.pairs[int(self._order(epoch)[position])], epoch

    def _permutation(self, epoch: int) -> NDArray[np.intp]:
        """Of thousands of subjects it takes longer than a step, so two epochs' are kept."""
        return generator("order", self.seed, epoch).permutation(len(self.pairs))
