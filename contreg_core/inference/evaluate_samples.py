"""Samples of the registrations that are scored: do the shares of the labels they carry mean what they say?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.cache import CachedScan, CachedSubject
from contreg_core.cohort import Protocol
from contreg_core.components import Warper
from contreg_core.evaluation import Sampled, label_calibration
from contreg_core.evaluation.score import counted
from contreg_core.inference.sampling import draw, sampler_of, spread
from contreg_core.labels import warp_labels
from contreg_core.training.seeds import seed_torch
from contreg_core.types import Registration

if TYPE_CHECKING:
    from contreg_core.inference.registrar import Registrar


@dataclass(frozen=True)
class Sampling:
    """``count`` samples of every pair, by random numbers that depend on the pair alone: the same on every worker.

    The first of them are those of a smaller ``count``.
    """

    warper: Warper
    count: int

    @classmethod
    def of(cls, model: "Registrar", count: int) -> "Sampling":
        """Raises ``MismatchError`` where the model has no variance to sample."""
        return cls(sampler_of(model), count)

    def score(
        self,
        registration: Registration,
        moving: CachedSubject,
        fixed: CachedSubject,
        scans: tuple[CachedScan, CachedScan],
        labels: tuple[NDArray[Any], NDArray[Any]],
        protocol: Protocol,
    ) -> Sampled:
        """Calibration and spread of one pair's samples; ``scans`` and ``labels`` are (moving, fixed)."""
        seed_torch("samples", *(scan.id for scan in scans))
        moving_labels, fixed_labels = map(protocol.merged, labels)
        votes: list[NDArray[Any]] = []

        def drawn() -> Iterator[NDArray[np.float32]]:
            for one in draw(registration, self.warper, self.count):
                votes.append(warp_labels(moving_labels, one))
                yield one

        apart = spread(drawn(), moving.affine)  # one displacement in memory at a time
        calibration = label_calibration(np.stack(votes), fixed_labels, counted(protocol))
        return Sampled(calibration, float(apart[fixed.mask].mean(dtype=np.float64)))
