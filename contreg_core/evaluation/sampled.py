"""What samples of a registration add to its scores: of one pair, as cells of a table, and of all pairs together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.evaluation.bootstrap import Subjects, bootstrap
from contreg_core.evaluation.calibration import Calibration, calibration_error
from contreg_core.evaluation.overlap import mean_present

_VOXELS, _RIGHT = "calibration_voxels", "calibration_right"


@dataclass(frozen=True)
class Sampled:
    """Calibration of the labels' shares, and the mean over the brain of the uncertainty in mm."""

    calibration: Calibration
    uncertainty_mm: float

    def cells(self) -> dict[str, float]:
        """By column: ``ece``, ``brier``, ``missed_percent``, ``uncertainty_mm``, and the sums of every confidence."""
        sums = self.calibration
        own = {name: getattr(sums, name) for name in ("ece", "brier", "missed_percent")}
        voxels = {f"{_VOXELS}:{k}": count for k, count in enumerate(sums.voxels, 1)}
        right = {f"{_RIGHT}:{k}": count for k, count in enumerate(sums.right, 1)}
        return {**own, "uncertainty_mm": self.uncertainty_mm, **voxels, **right}

    @classmethod
    def of_cells(cls, row: Mapping[str, str]) -> "Sampled | None":
        """Back from a row of the table, to the last bit; None of a pair that was not sampled."""
        if not row.get(f"{_VOXELS}:1"):
            return None
        samples = sum(name.startswith(f"{_VOXELS}:") for name in row)
        voxels, right = (
            tuple(int(row[f"{name}:{k}"]) for k in range(1, samples + 1)) for name in (_VOXELS, _RIGHT)
        )
        total, scale = sum(voxels), samples**2
        brier, missed = (float(row[name] or 0) for name in ("brier", "missed_percent"))
        sums = Calibration(voxels, right, round(brier * scale * total), round(missed / 100 * total))
        return cls(sums, float(row["uncertainty_mm"] or math.nan))


def pooled(pairs: Sequence[Sampled], subjects: Subjects) -> dict[str, Any]:
    """The voxels of all pairs together, with the interval of their ECE at 95 % (subjects resampled).

    Resampling adds scatter of its own to every bin, and scatter only adds to an ECE: where it is near 0 the interval
    lies a little high.
    """
    if not pairs:
        return {}
    sums = reduce(add, (pair.calibration for pair in pairs))
    return {
        "samples": sums.samples,
        "uncertainty_mm": mean_present(pair.uncertainty_mm for pair in pairs),
        "calibration": {
            "ece": sums.ece,
            "ece_interval": _interval(pairs, subjects),
            "mce": sums.mce,
            "brier": sums.brier,
            "missed_percent": sums.missed_percent,
            "voxels": sum(sums.voxels),
            "bins": [asdict(one) for one in sums.bins()],
        },
    }


def _interval(pairs: Sequence[Sampled], subjects: Subjects) -> list[float]:
    voxels, right = (
        np.array([getattr(pair.calibration, name) for pair in pairs], np.float64)
        for name in ("voxels", "right")
    )

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return calibration_error(weights @ voxels, weights @ right)

    interval = bootstrap(statistic, len(pairs), subjects)
    return [interval.low, interval.high]
