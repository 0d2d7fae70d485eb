"""One registered pair with all that is drawn of it."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg.reporting.deviation import field_deviation
from contreg_core.cache import CachedCohort, CachedScan, CachedSubject
from contreg_core.cohort import Label, Protocol
from contreg_core.evaluation import confusion, jacobian_determinant
from contreg_core.evaluation.overlap import mean_present
from contreg_core.inference.evaluate import Register, voxel_size
from contreg_core.labels import warp_labels

Array = NDArray[Any]


@dataclass(frozen=True)
class Example:
    """Arrays ``(*space)`` of one pair on the fixed grid, RAS+ order; ``displacement`` ``(ndim, *space)`` in voxels.

    ``deviation`` is the field's standard deviation in mm, None where the model has no variance. The label maps are None
    where the cohort has none, the Dice then NaN. ``seconds`` is the time of the registration alone.
    """

    moving_id: str
    fixed_id: str
    moving: Array
    fixed: Array
    warped: Array
    mask: Array
    displacement: Array
    determinant: Array
    deviation: Array | None
    moving_labels: Array | None
    fixed_labels: Array | None
    carried: Array | None
    affine: Array
    labels: tuple[Label, ...]
    headline: str
    before: float
    after: float
    seconds: float

    @property
    def spacing(self) -> tuple[float, ...]:
        """Voxel size in mm along every array axis."""
        return voxel_size(self.affine)[: self.fixed.ndim]


def register_example(
    register: Register, cohort: CachedCohort, pair: tuple[CachedScan, CachedScan]
) -> Example:
    """Register one pair of the cache and gather what the report shows of it."""
    moving, fixed = (cohort.load(scan.id) for scan in pair)
    start = time.perf_counter()
    registration = register(moving.image, fixed.image)
    seconds = time.perf_counter() - start
    displacement = registration.displacement[0].float().cpu().numpy()
    carried = None if moving.labels is None else warp_labels(moving.labels, displacement)
    protocol = cohort.protocol()
    return Example(
        moving_id=pair[0].id,
        fixed_id=pair[1].id,
        moving=moving.image,
        fixed=fixed.image,
        warped=registration.warped[0, 0].float().cpu().numpy(),
        mask=moving.mask | fixed.mask,
        displacement=displacement,
        determinant=jacobian_determinant(displacement),
        deviation=field_deviation(registration, voxel_size(fixed.affine)),
        moving_labels=moving.labels,
        fixed_labels=fixed.labels,
        carried=carried,
        affine=fixed.affine,
        labels=_scored(cohort, protocol),
        headline=protocol.headline,
        before=_dice(moving.labels, fixed, protocol),
        after=_dice(carried, fixed, protocol),
        seconds=seconds,
    )


def _dice(labels: Array | None, fixed: CachedSubject, protocol: Protocol) -> float:
    if labels is None or fixed.labels is None:
        return math.nan
    scored = _members(list(protocol.regions.values()))
    counts = confusion(protocol.merged(labels), protocol.merged(fixed.labels), scored)
    dice = counts.fused_dice if protocol.headline == "fused" else counts.labelmean_dice
    return float(mean_present(dice(protocol.regions).values()))


def _scored(cohort: CachedCohort, protocol: Protocol) -> tuple[Label, ...]:
    """Labels that the protocol counts: others may lie where the images are cut away."""
    counted = {*protocol.labels, *_members(list(protocol.regions.values())), *protocol.merge}
    return tuple(label for label in cohort.labels if label.id in counted)


def _members(regions: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(sorted({label for region in regions for label in region}))


def central_slices(example: Example) -> tuple[int, ...]:
    """A voxel inside the brain to open the views at: its middle, but off the midline along the first axis."""
    places = np.nonzero(example.mask)
    shares = (0.36, 0.52, 0.52)[: example.mask.ndim]
    if not places[0].size:
        return tuple(int(share * size) for share, size in zip(shares, example.mask.shape, strict=True))
    ends = [(int(axis.min()), int(axis.max())) for axis in places]
    return tuple(round(low + share * (high - low)) for share, (low, high) in zip(shares, ends, strict=True))
