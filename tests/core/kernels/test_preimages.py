"""The compiled search for preimages against the steps on whole grids in plain torch."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from contreg_core import kernels, spatial


def smooth(space: tuple[int, ...], size: float, seed: int = 0) -> Tensor:
    """``(2, ndim, *space)`` float64."""
    coarse = torch.randn(2, len(space), *(4 for _ in space), generator=torch.Generator().manual_seed(seed))
    return spatial.stretch(coarse.double(), space) * size


def by_steps(monkeypatch: pytest.MonkeyPatch, *arguments: Tensor, iterations: int) -> Tensor:
    with monkeypatch.context() as patched:
        patched.setattr(kernels, "searches", lambda *_: False)
        return spatial.preimages(*arguments, iterations)


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("space", [(9, 12), (1, 7), (8, 9, 11), (1, 6, 5)])
@pytest.mark.parametrize("size", [0.5, 4.0])  # the second folds: there steps are taken back
def test_point_by_point_is_step_by_step(
    space: tuple[int, ...],
    size: float,
    pieces: int,
    on_threads: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_threads(pieces)
    displacement = smooth(space, size)
    out = tuple(extent + 2 for extent in space)
    targets = spatial.identity_grid(out, displacement).expand(2, -1, *out) - 0.7
    for iterations in (0, 1, 3, 8):
        found = spatial.preimages(displacement, targets, targets, iterations)
        slow = by_steps(monkeypatch, displacement, targets, targets, iterations=iterations)
        apart = (found - slow).abs().amax(1)
        # Where a field folds, rounding may decide which of two places a step leads to.
        assert float((apart > 1e-5).double().mean()) <= (0 if size < 1 else 0.01)
        assert bool(
            (_left(displacement, targets, found) <= _left(displacement, targets, targets) + 1e-9).all()
        )


def _left(displacement: Tensor, targets: Tensor, found: Tensor) -> Tensor:
    return (targets - found - spatial.sample(displacement, found)).norm(dim=1)


def test_it_stops_where_nothing_is_left_to_do() -> None:
    """A millionth of a voxel is as good as exact."""
    displacement = smooth((9, 8, 7), 0.5)
    targets = spatial.identity_grid((9, 8, 7), displacement).expand(2, -1, -1, -1, -1)
    found = spatial.preimages(displacement, targets, targets, 200)
    assert float(_left(displacement, targets, found).quantile(0.9)) <= 1e-6


def test_a_point_that_is_not_finite_stays_so_alone() -> None:
    displacement = smooth((6, 5, 4), 0.3)
    targets = spatial.identity_grid((6, 5, 4), displacement).repeat(2, 1, 1, 1, 1)
    targets[0, 1, 2, 3, 1] = torch.nan
    start = targets.clone()
    start[1, 0, 0, 0, 0] = torch.inf
    found = spatial.preimages(displacement, targets, start, 5)
    assert torch.nonzero(~found.isfinite()).tolist() == [[0, 1, 2, 3, 1], [1, 0, 0, 0, 0]]


def test_gradients_go_through_the_steps() -> None:
    displacement = smooth((6, 5, 4), 0.3).requires_grad_()
    assert spatial.invert(displacement).requires_grad
    with torch.no_grad():
        assert not spatial.invert(displacement).requires_grad
