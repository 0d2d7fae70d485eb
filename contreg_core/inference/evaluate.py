"""Score a model on the pairs of a prepared cohort under a named protocol."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.cache import CachedCohort, CachedScan, CachedSubject
from contreg_core.cohort import Protocol
from contreg_core.errors import DataError
from contreg_core.evaluation import PairScore, score_pair
from contreg_core.inference.evaluate_samples import Sampling
from contreg_core.memory import peak_mib
from contreg_core.training.pairs import valid_pairs
from contreg_core.types import Registration
from contreg_core.whereabouts import middle, require_one_space

Register: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.float32]], Registration]
"""(moving, fixed) -> registration."""


def evaluation_pairs(
    cohort: CachedCohort, scans: Sequence[CachedScan], protocol: Protocol
) -> list[tuple[CachedScan, CachedScan]]:
    """(reference, target) of every pair the protocol scores.

    The reference's labels are carried to the target, so the reference is moving and the target fixed (protocols.md).
    """
    pairs = valid_pairs(scans, own_space=cohort.fixed_only_own_space, identity=protocol.identity_pairs)
    if not pairs:
        raise DataError(
            f"cohort '{cohort.name}': {len(scans)} scans make no pair to evaluate",
            "choose another --split or prepare more scans",
        )
    return [(scans[moving], scans[fixed]) for moving, fixed in pairs]


def evaluate(
    register: Register,
    cohort: CachedCohort,
    pairs: Sequence[tuple[CachedScan, CachedScan]],
    protocol: Protocol,
    load: Callable[[str], CachedSubject] | None = None,
    sampling: Sampling | None = None,
) -> Iterator[PairScore]:
    """One score per pair, as each is done; decoded subjects are kept while they are in use.

    ``load`` stands for ``cohort.load`` where pairs come in several calls that shall share what is decoded. With
    ``sampling`` every registration is sampled too; its other scores stay what they are.
    """
    load = load or kept_loader(cohort)
    for moving, fixed in pairs:
        yield score_registration(register, load(moving.id), load(fixed.id), moving, fixed, protocol, sampling)


def kept_loader(cohort: CachedCohort) -> Callable[[str], CachedSubject]:
    """``cohort.load`` that remembers the last 64 subjects."""
    return lru_cache(maxsize=64)(cohort.load)


def score_registration(
    register: Register,
    moving: CachedSubject,
    fixed: CachedSubject,
    moving_scan: CachedScan,
    fixed_scan: CachedScan,
    protocol: Protocol,
    sampling: Sampling | None = None,
) -> PairScore:
    """Register one pair, time it, and score the carried labels; then those of its samples, if there shall be any."""
    require_one_space(
        (moving_scan.id, fixed_scan.id),
        (middle(moving.mask, moving.affine), middle(fixed.mask, fixed.affine)),
    )
    moving_labels, fixed_labels = labels_of(moving, moving_scan), labels_of(fixed, fixed_scan)
    start = time.perf_counter()
    registration = register(moving.image, fixed.image)
    displacement = registration.displacement[0].float().cpu().numpy()
    seconds = time.perf_counter() - start
    score = score_pair(
        moving_labels,
        fixed_labels,
        displacement,
        voxel_size(fixed.affine),
        protocol,
        moving=moving_scan.id,
        fixed=fixed_scan.id,
        moving_subject=moving_scan.subject,
        fixed_subject=fixed_scan.subject,
        mask=fixed.mask,
        warped=registration.warped[0, 0].float().cpu().numpy(),
        fixed_image=fixed.image,
        seconds=seconds,
        peak_memory_mib=peak_mib(),
    )
    if sampling is None:
        return score
    scans, labels = (moving_scan, fixed_scan), (moving_labels, fixed_labels)
    return replace(score, sampled=sampling.score(registration, moving, fixed, scans, labels, protocol))


def labels_of(subject: CachedSubject, scan: CachedScan) -> NDArray[Any]:
    """The label map of a scan that is to be scored; raises ``DataError`` where it has none."""
    if subject.labels is None:
        raise DataError(f"scan '{scan.id}' has no label map", "evaluate a split whose scans all have labels")
    return subject.labels


def voxel_size(affine: NDArray[np.float64]) -> tuple[float, ...]:
    """Edge lengths of a voxel in mm."""
    return tuple(float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
