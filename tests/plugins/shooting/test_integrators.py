"""The laws of the geodesic, with the numbers of oracles.md."""

from typing import Any

import pytest
import torch

from contreg_core import spatial
from contreg_plugins.shooting import integrators
from contreg_plugins.shooting.differences import determinant
from contreg_plugins.shooting.integrators import hamiltonian, shoot
from contreg_plugins.shooting.kernels import Gaussians

INTEGRATORS = ["semi-lagrangian", "rk4", "euler"]


def drift(case: Any, integrator: str, steps: int) -> float:
    """Relative change of the Hamiltonian along the shot."""
    before = hamiltonian(case.moving, case.momentum, case.kernel, "periodic")
    end = shot(case, integrator, steps)
    return float(hamiltonian(end.image, end.momentum, case.kernel, "periodic") / before) - 1


def shot(case: Any, integrator: str, steps: int) -> Any:
    return shoot(
        case.moving, case.momentum, case.kernel, steps=steps, integrator=integrator, boundary="periodic"
    )


def test_the_case_is_the_specified_one(case: Any) -> None:
    assert float((case.moving - case.fixed).square().sum() / 2) == pytest.approx(33.9713504, rel=1e-8)
    energy = hamiltonian(case.moving, case.momentum, case.kernel, "periodic")
    assert float(energy) == pytest.approx(737.9388, rel=1e-6)


def test_where_it_ends(case: Any) -> None:
    end = shot(case, "rk4", 10)
    assert float((end.image - case.fixed).square().sum() / 2) == pytest.approx(13.1480, rel=1e-5)
    assert float(end.displacement.norm(dim=1).max()) == pytest.approx(1.9, abs=0.05)
    assert float(determinant(end.displacement, "periodic").min()) == pytest.approx(0.69, abs=0.005)


@pytest.mark.parametrize(("steps", "expected"), [(5, 2e-6), (10, 8e-8), (20, 4e-9)])
def test_rk4_conserves_to_fourth_order(case: Any, steps: int, expected: float) -> None:
    assert abs(drift(case, "rk4", steps)) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("steps", "expected"), [(10, 3.7e-2), (20, 1.8e-2), (40, 9e-3)])
def test_euler_conserves_to_first_order(case: Any, steps: int, expected: float) -> None:
    assert abs(drift(case, "euler", steps)) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("steps", [10, 20, 40])
def test_semi_lagrangian_drifts_by_its_linear_interpolation_only(case: Any, steps: int) -> None:
    assert abs(drift(case, "semi-lagrangian", steps)) < 0.05


@pytest.mark.parametrize(
    ("integrator", "share"), [("rk4", 1e-14), ("euler", 1e-14), ("semi-lagrangian", 1e-3)]
)
def test_the_sum_of_the_momentum_is_kept(case: Any, integrator: str, share: float) -> None:
    end = shot(case, integrator, 10)
    assert float(end.momentum.sum()) == pytest.approx(float(case.momentum.sum()), rel=share)


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_image_and_displacement_agree_and_nothing_folds(case: Any, integrator: str) -> None:
    end = shot(case, integrator, 10)
    assert torch.allclose(spatial.warp(case.moving, end.displacement), end.image, atol=0.02)
    assert float(determinant(end.displacement, "periodic").min()) > 0.5


def test_the_integrators_agree(case: Any) -> None:
    ends = [shot(case, integrator, 40).displacement for integrator in INTEGRATORS]
    assert float((ends[0] - ends[1]).abs().max()) < 0.1
    assert float((ends[2] - ends[1]).abs().max()) < 0.05


@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("space", [(9, 12), (8, 9, 7)])
def test_no_momentum_moves_nothing(integrator: Any, space: tuple[int, ...], blob: Any) -> None:
    image = blob(space)
    kernel = Gaussians((2.0,), (1.0,)).on(image)
    end = shoot(image, torch.zeros_like(image), kernel, steps=3, integrator=integrator)
    assert not end.displacement.any()
    assert torch.allclose(end.image, image, atol=1e-12)


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_a_large_grid_runs_its_steps_again_and_gives_the_same(
    integrator: Any, blob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = blob((9, 8))
    kernel = Gaussians((1.5,), (1.0,)).on(image)

    def slope() -> torch.Tensor:
        momentum = torch.ones_like(image, requires_grad=True)
        end = shoot(image, momentum, kernel, steps=4, integrator=integrator)
        return torch.autograd.grad(end.image.square().sum(), momentum)[0]

    kept = slope()
    reruns = []
    original = integrators.checkpoint
    monkeypatch.setattr(integrators, "CHECKPOINT_VOXELS", 0)
    monkeypatch.setattr(integrators, "checkpoint", lambda *a, **k: reruns.append(1) or original(*a, **k))
    assert torch.allclose(slope(), kept, rtol=1e-12)
    assert len(reruns) >= 3
