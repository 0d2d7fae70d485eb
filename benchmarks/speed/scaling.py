"""How time and memory grow: with voxels, batch, labels, subjects and references; slopes on logarithmic axes.

    python -m benchmarks.speed.scaling

A slope of 1 is linear growth. Fixed costs make slopes of small works smaller than 1.
"""

import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.table import scaling
from benchmarks.speed.worker import measure

Work = Callable[[int], Callable[[], Any]]
HALF_MILLION = (80, 80, 80)


def curves(*, smoke: bool = False) -> list[dict[str, Any]]:
    """Every curve; ``smoke`` takes two small sizes of each."""
    return [curve(*each, smoke=smoke) for each in _curves()]


def curve(
    variable: str, work: str, sizes: Sequence[int], make: Work, *, smoke: bool = False
) -> dict[str, Any]:
    """Time and memory at every size, and both slopes."""
    taken = list(sizes)[:2] if smoke else list(sizes)
    runs = [_least(make(size), 1 if smoke else 3) for size in taken]
    seconds, mib = [run["wall"] for run in runs], [run["mib"] for run in runs]
    return {
        "variable": variable,
        "work": work,
        "sizes": taken,
        "seconds": seconds,
        "mib": mib,
        "time_slope": slope(taken, seconds),
        "memory_slope": slope(taken, mib) if min(mib) > 4 else None,
    }


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Least squares slope of ``log values`` over ``log sizes``."""
    x, y = ([math.log(max(v, 1e-9)) for v in each] for each in (sizes, values))
    return float(np.polyfit(x, y, 1)[0])


def _least(call: Callable[[], Any], rounds: int) -> dict[str, float]:
    """The shortest of some runs after a first one that compiles; the memory of the largest."""
    call()
    runs = [measure(call) for _ in range(rounds)]
    return {"wall": min(run["wall"] for run in runs), "mib": max(run["mib"] for run in runs)}


def _curves() -> Iterator[tuple[str, str, Sequence[int], Work]]:
    voxels = (1, 2, 4, 8)
    yield "voxels", "image warp with gradient, from 80 x 80 x 80", voxels, _warp
    yield "voxels", "7 squarings, from 80 x 80 x 80", voxels, _squaring
    yield "voxels", "LNCC with gradient, from 80 x 80 x 80", voxels, _lncc
    yield (
        "voxels",
        "surface distances of 56 labels, from 80 x 80 x 80",
        voxels,
        lambda n: _surface(_space(n), 56),
    )
    yield "voxels", "inference, `contrastive-vae`, from 48 x 48 x 48", voxels, _inference
    yield "batch", "training step, `contrastive-vae`, 48 x 48 x 48", (1, 2, 4), _training
    yield "labels", "Dice, 80 x 80 x 80", (1, 10, 100), _dice
    yield "labels", "surface distances, 80 x 80 x 80", (1, 10, 100), lambda n: _surface(HALF_MILLION, n)
    yield "subjects", "opening a cohort", (40, 400, 4000), _opening
    yield "pairs", "a training run's order of pairs", (1560, 15500, 159600), _pairs
    yield "references", "fusing label maps, 80 x 80 x 80", (2, 4, 8, 16), _fusing


def _space(times: int) -> tuple[int, int, int]:
    """80^3 voxels, doubled along one axis after the other."""
    return tuple(80 * (2 if times > 2**axis else 1) for axis in range(3))  # type: ignore[return-value]


def _warp(times: int) -> Callable[[], Any]:
    import torch

    from contreg_core import spatial

    image, shift = data.batch(data.image(_space(times))), data.batch(data.smooth(3, _space(times), 3.0))
    shift.requires_grad_()
    return lambda: torch.autograd.grad(spatial.warp(image, shift).sum(), shift)


def _squaring(times: int) -> Callable[[], Any]:
    from contreg_core import spatial

    velocity = data.batch(data.smooth(3, _space(times), 3.0))
    return lambda: spatial.integrate(velocity)


def _lncc(times: int) -> Callable[[], Any]:
    import torch

    from contreg_plugins.losses.lncc import LNCC

    warped, fixed = (data.batch(data.image(_space(times), seed)) for seed in (0, 1))
    warped.requires_grad_()
    return lambda: torch.autograd.grad(LNCC().dissimilarity(warped, fixed), warped)


def _surface(space: tuple[int, int, int], count: int) -> Callable[[], Any]:
    from contreg_core.evaluation.surface import surface_distances

    predicted, truth = (data.labels(space, count, seed) for seed in (0, 3))
    return lambda: surface_distances(predicted, truth, range(1, count + 1), (1, 1, 1))


def _dice(count: int) -> Callable[[], Any]:
    from contreg_core.evaluation.overlap import confusion

    predicted, truth = (data.labels(HALF_MILLION, count, seed) for seed in (0, 3))
    return lambda: confusion(predicted, truth, range(1, count + 1)).label_dice()


def _inference(times: int) -> Callable[[], Any]:
    from benchmarks.speed.models import trained_model

    space = tuple(size * 48 // 80 for size in _space(times))
    model = trained_model("contrastive-vae", space)
    moving, fixed = data.image(space), data.image(space, 1)
    return lambda: model.register(moving.copy(), fixed.copy())


def _training(batch: int) -> Callable[[], Any]:
    from benchmarks.speed.models import training_loop

    steps = training_loop("contrastive-vae", (48, 48, 48), batch)
    return lambda: next(steps)


def _opening(count: int) -> Callable[[], Any]:
    from contreg_core.cache import CachedCohort, CachedScan
    from contreg_core.preprocessing.spec import Preprocessing

    folder = Path(tempfile.mkdtemp())
    scans = tuple(CachedScan(f"s{k}", f"s{k}", "train", "", "0" * 64) for k in range(count))
    CachedCohort(folder, "many", Preprocessing(), (), (), "", False, (), scans, {}).save()
    return lambda: CachedCohort.open(folder)


def _pairs(count: int) -> Callable[[], Any]:
    from contreg_core.cache import CachedScan
    from contreg_core.training.pairs import PairOrder

    subjects = round((1 + math.sqrt(1 + 4 * count)) / 2)
    scans = [CachedScan(f"s{k}", f"s{k}", "train", "", "") for k in range(subjects)]

    def call() -> None:
        order = PairOrder(scans, seed=0)
        for number in range(100):
            order.item(number)

    return call


def _fusing(count: int) -> Callable[[], Any]:
    from contreg_core.inference.fusion import fuse

    maps = np.stack([data.labels(HALF_MILLION, 56, seed) for seed in range(count)])
    return lambda: fuse(maps)


if __name__ == "__main__":
    found = curves(smoke="--smoke" in sys.argv)
    print(json.dumps(found, indent=1))
    print(scaling(found))
