"""The forms with gradients in a fixed order against torch's own, value by value and gradient by gradient."""

from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import spatial
from contreg_core.engine import Engine
from contreg_core.kernels import repeatable
from contreg_plugins.layers.halving import halved

SPACES = [(7, 5), (1, 6), (5, 7, 4), (1, 3, 6)]
PADDINGS: list[spatial.Padding] = ["border", "zeros"]


@pytest.fixture
def deterministic() -> Iterator[Engine]:
    """What ``--deterministic`` switches on, off again afterwards."""
    yield Engine.choose("cpu", "float32", deterministic=True)
    torch.use_deterministic_algorithms(False)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradients(form: Callable[..., Tensor], *leaves: Tensor) -> list[Tensor]:
    """Values and gradients under fixed weights."""
    leaves = tuple(leaf.clone().requires_grad_() for leaf in leaves)
    values = form(*leaves)
    weights = random(*values.shape, seed=3).to(values.dtype)
    return [values.detach(), *torch.autograd.grad((values * weights).sum(), leaves)]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(("dtype", "within"), [(torch.float64, 1e-10), (torch.float32, 5e-6)])
def test_sampling_is_that_of_torch(
    space: tuple[int, ...], padding: spatial.Padding, dtype: torch.dtype, within: float
) -> None:
    out = (6, 3, 5)[: len(space)]
    sizes = torch.tensor(space).view(1, -1, *([1] * len(out)))
    image, points = random(2, 3, *space).to(dtype), (random(2, len(space), *out, seed=1) - 0.25) * 2 * sizes
    points = (points + 1e-3).to(dtype)
    ours = gradients(lambda a, p: repeatable.gathered(a, p, zeros=padding == "zeros"), image, points)
    theirs = gradients(lambda a, p: spatial._normalised_sample(a, p, "linear", padding), image, points)
    for one, other in zip(ours[:2], theirs[:2], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=within)
    torch.testing.assert_close(ours[2], theirs[2], rtol=0, atol=10 * within)


@pytest.mark.parametrize("space", [(5, 4), (4, 3, 5)])
@pytest.mark.parametrize("zeros", [True, False])
def test_sampling_passes_gradcheck(space: tuple[int, ...], zeros: bool) -> None:
    image = random(1, 2, *space).requires_grad_()
    moved = spatial.identity_grid(space, image) + random(1, len(space), *space, seed=1) * 2.4 - 1.2
    points = moved.detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda a, p: repeatable.gathered(a, p, zeros=zeros), (image, points))


def test_a_point_that_is_not_finite_reads_nan() -> None:
    points = torch.full((1, 2, 2, 2), 1.0, dtype=torch.float64)
    points[0, 0, 0, 0] = torch.nan
    read = repeatable.gathered(random(1, 1, 4, 4), points, zeros=False)
    assert read.isnan().flatten().tolist() == [True, False, False, False]


@pytest.mark.parametrize("space", SPACES)
def test_resizing_is_that_of_torch(space: tuple[int, ...]) -> None:
    mode = "trilinear" if len(space) == 3 else "bilinear"
    for new in ([2 * size for size in space], [-(-size // 2) for size in space], [1] * len(space)):
        ours = gradients(lambda a, new=new: repeatable.stretched(a, new), random(2, 3, *space))
        theirs = gradients(
            lambda a, new=new: F.interpolate(a, size=new, mode=mode, align_corners=True),
            random(2, 3, *space),
        )
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


@pytest.mark.parametrize("space", [(7, 5), (4, 6), (5, 7, 4)])
def test_halving_is_that_of_torch(space: tuple[int, ...]) -> None:
    ours, theirs = gradients(repeatable.halved, random(2, 3, *space)), gradients(halved, random(2, 3, *space))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_the_flag_chooses_them(deterministic: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert deterministic.describe().endswith(", deterministic")
    monkeypatch.setattr("contreg_core.kernels.samples", lambda *_: False)  # as for tensors on a GPU
    monkeypatch.setattr("contreg_core.kernels.fits", lambda *_: False)
    for name in ("grid_sample", "interpolate", "avg_pool2d", "cross_entropy"):
        monkeypatch.setattr(F, name, None)
    field = (random(1, 2, 6, 5) - 0.5).requires_grad_()
    doubled = spatial.resize(spatial.integrate(field, 3), (12, 10))
    (spatial.warp(random(1, 1, 12, 10), doubled).mean() + halved(doubled).mean()).backward()
    assert field.grad is not None
    assert bool(field.grad.isfinite().all())
