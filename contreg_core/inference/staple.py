"""STAPLE: the label maps of several references fused while estimating how far each can be trusted.

Warfield, Zou and Wells, IEEE TMI 2004, for many labels: expectation and maximisation over the unknown true labels and a
confusion matrix for every reference. Voxels with the same votes share one belief, and only labels that some reference
carried to a voxel are believed of it: sums run over the (pattern of votes, label) pairs that occur, not over voxels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Labels: TypeAlias = NDArray[np.integer[Any]]
Reals: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

_STEPS = 50
_STILL = 1e-5
_TIED = 1e-9


@dataclass(frozen=True)
class Consensus:
    """What is believed: of each pattern in ``pairs.of`` the label ``pairs.label``, with probability ``belief``.

    ``pattern`` is that of each voxel of ``named`` ``(*space)``, where any reference has a label; background elsewhere.
    """

    ids: Labels
    named: NDArray[np.bool_]
    pattern: Indices
    pairs: "Pairs"
    belief: Reals

    def labels(self) -> Labels:
        """The most probable label ``(*space)``; of equally probable ones that with most votes, then the lowest id."""
        order = np.lexsort(
            (self.pairs.label, -self.pairs.votes, -np.round(self.belief / _TIED), self.pairs.of)
        )
        _, first = np.unique(self.pairs.of[order], return_index=True)
        fused: Labels = np.zeros(self.named.shape, self.ids.dtype)
        fused[self.named] = self.ids[self.pairs.label[order][first]][self.pattern]
        return fused

    def probabilities(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(id, probability ``(*space)``) of every label but background, one in memory at a time."""
        for index, label in enumerate(self.ids):
            if label:
                mine = self.pairs.label == index
                belief = np.zeros(self.pairs.counts.size, np.float32)
                belief[self.pairs.of[mine]] = self.belief[mine]
                share = np.zeros(self.named.shape, np.float32)
                share[self.named] = belief[self.pattern]
                yield int(label), share


@dataclass(frozen=True)
class Pairs:
    """Every pattern with every label it holds, ``(M,)`` each, patterns ascending.

    ``answers`` ``(K, M)`` is what each reference says there, ``votes`` how many say ``label``; ``counts`` ``(P,)`` is
    how many voxels each pattern has.
    """

    of: Indices
    label: Indices
    votes: Indices
    answers: Indices
    counts: Reals


def staple(labels: Labels) -> Consensus:
    """Fuse ``labels`` ``(K, *space)``; one reference alone is believed as it is.

    Only voxels where some reference has a label count: how much empty space surrounds them must not matter.
    """
    named: NDArray[np.bool_] = (labels != 0).any(axis=0)
    ids = np.union1d(labels[:, named], np.zeros(1, labels.dtype)).astype(labels.dtype)
    pattern, pairs = _pairs(np.searchsorted(ids, labels[:, named]), ids.size)
    return Consensus(ids, named, pattern, pairs, _believe(pairs, ids.size))


def _pairs(votes: Indices, size: int) -> tuple[Indices, Pairs]:
    """Which pattern each column of ``votes`` ``(K, N)`` is, and the pairs of patterns and labels below ``size``."""
    pattern = np.zeros(votes.shape[1], np.intp)
    for row in votes:
        _, pattern = np.unique(pattern * size + row, return_inverse=True)
    _, first, counts = np.unique(pattern, return_index=True, return_counts=True)
    patterns = votes[:, first]
    held, given = np.unique(np.arange(first.size) * size + patterns, return_counts=True)
    of, label = held // size, held % size
    return pattern, Pairs(of, label, given, patterns[:, of], counts.astype(np.float64))


def _believe(pairs: Pairs, size: int) -> Reals:
    """Probability of each pair; begins with the share of the votes, which favours no reference."""
    prior: Reals = np.bincount(pairs.label, pairs.votes * pairs.counts[pairs.of], size).astype(np.float64)
    belief: Reals = pairs.votes / len(pairs.answers)
    if not belief.size:
        return belief
    trust = _trust(pairs, belief, size)
    for _ in range(_STEPS):
        belief = _expect(pairs, trust, prior, size)
        before, trust = trust, _trust(pairs, belief, size)
        if abs(trust - before).max() < _STILL:
            break
    return belief


def _trust(pairs: Pairs, belief: Reals, size: int) -> Reals:
    """How often each reference says ``d`` where ``s`` is believed, ``(K, size * size)`` at ``d * size + s``."""
    weighed = belief * pairs.counts[pairs.of]
    said = np.stack(
        [np.bincount(answers * size + pairs.label, weighed, size * size) for answers in pairs.answers]
    )
    total = np.tile(np.bincount(pairs.label, weighed, size), size)
    return np.divide(said, total, out=np.zeros_like(said), where=total > 0)


def _expect(pairs: Pairs, trust: Reals, prior: Reals, size: int) -> Reals:
    """Bayes, in logarithms: a product over many references would underflow."""
    with np.errstate(divide="ignore"):
        logs, score = np.log(trust), np.log(prior)[pairs.label]
    for one, answers in zip(logs, pairs.answers, strict=True):
        score = score + one[answers * size + pairs.label]
    starts = np.searchsorted(pairs.of, np.arange(pairs.counts.size))
    score = np.exp(score - np.maximum.reduceat(score, starts)[pairs.of])
    belief: Reals = score / np.add.reduceat(score, starts)[pairs.of]
    return belief
