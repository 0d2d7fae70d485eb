"""Laws of solvers."""

from collections.abc import Mapping

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Component, Solver, Warper
from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.law import LeftOutError, compared_facts, demand, laws
from contreg_core.conformance.partners import Bending, Difference, Integrating
from contreg_core.conformance.samples import BOTH, brains, inner, row, smooth
from contreg_core.errors import ContregError
from contreg_core.model import register_by
from contreg_core.objective import Objective
from contreg_core.types import Field, Pair, Registration

_SPACE = {2: (30, 26), 3: (16, 14, 15)}
_MOTION = 2.0
_LEFT = 0.75


class SolverCase(Case[Solver]):
    """A solver, a warper and an objective: the kit's own, or those of a recipe."""

    dimensions = (2,)  # its own laws see 3-D: a solver may take seconds for an answer

    def __init__(
        self,
        cls: type[Component],
        knobs: Mapping[str, object],
        warper: Warper | None = None,
        objective: Objective | None = None,
    ) -> None:
        super().__init__(cls, knobs)
        self.warper = warper or Integrating()
        self.objective = objective or Objective({"d": (1.0, Difference()), "b": (0.01, Bending())})

    def moved(self, ndim: int) -> tuple[Pair, Tensor]:
        """Two pairs whose fixed image is the moving one seen through a known displacement of up to two voxels."""
        space = _SPACE[ndim]
        moving = brains(space, batch=2).moving
        known = smooth(space, _MOTION, seed=3, batch=2)
        return Pair(moving, spatial.warp(moving, known), torch.arange(4).view(2, 2)), known

    @torch.no_grad()
    def solved(
        self, part: Solver, pair: Pair, start: Field | None = None, device: str = "cpu"
    ) -> Registration:
        """As ``register`` asks a solver."""
        there = Pair(pair.moving.to(device), pair.fixed.to(device))
        field = part(there, start, self.objective.to(device), self.warper.to(device))
        return register_by(field, there, self.warper)

    def answer(self, part: Solver, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu") -> Answer:
        """The displacement."""
        pair, _ = self.moved(ndim)
        chosen = pair if rows == (0, 1) else row(pair, rows[0])
        return (self.solved(part, chosen, device=device).displacement,)


def fields_have_their_shape(case: SolverCase) -> None:
    """The field is float32 without a graph, ``(B, ndim, *space / scale)``, and of the facts that ``given()`` names."""
    for ndim in BOTH:
        part, (pair, _) = case.make(ndim), case.moved(ndim)
        found = case.solved(part, pair).field
        expected = (2, ndim, *(-(-size // found.scale) for size in pair.space))
        demand(
            tuple(found.mean.shape) == expected, f"a field of {tuple(found.mean.shape)}, expected {expected}"
        )
        demand(found.mean.dtype == torch.float32, f"a field of {found.mean.dtype}")
        demand(not found.mean.requires_grad, "a field that still hangs on its graph")
        if found.kind == "velocity":
            compared_facts(part.given(), {"velocity": True})


def equal_images_stay_put(case: SolverCase) -> None:
    """In an image registered to itself, the brain moves by less than a tenth of a voxel on average."""
    for ndim in BOTH:
        pair, _ = case.moved(ndim)
        found = case.solved(case.make(ndim), Pair(pair.fixed, pair.fixed)).displacement
        moved = _mean(found.norm(dim=1, keepdim=True), (pair.fixed > 0).float())
        demand(moved < 0.1, f"an image and itself are moved apart by {moved:.3g} voxels in {ndim}-D")


def it_moves_the_right_way(case: SolverCase) -> None:
    """Of a known displacement of up to two voxels a quarter is found, and the images differ less than before."""
    for ndim in BOTH:
        pair, known = case.moved(ndim)
        found = case.solved(case.make(ndim), pair)
        inside = inner((pair.fixed > 0).float(), 2)
        before, after = (
            _mean(inner(one, 2).norm(dim=1, keepdim=True), inside)
            for one in (known, found.displacement - known)
        )
        demand(after < _LEFT * before, f"{after:.3g} voxels off in {ndim}-D, {before:.3g} off before")
        apart = (found.warped - pair.fixed).square().mean() / (pair.moving - pair.fixed).square().mean()
        demand(float(apart) < 1, f"images differ {float(apart):.3g} times as much as before, in {ndim}-D")


def a_start_is_built_upon(case: SolverCase) -> None:
    """Started from its own answer, it keeps three quarters of what that had gained, or refuses with a ContregError."""
    pair, _ = case.moved(2)
    part = case.make(2)
    first = case.solved(part, pair)
    try:
        second = case.solved(part, pair, first.field)
    except ContregError as error:
        raise LeftOutError(f"it takes no start: {error.message}") from error
    none, before, after = (
        float((image - pair.fixed).square().mean()) for image in (pair.moving, first.warped, second.warped)
    )
    told = f"a mean squared difference of {none:.3g}, solved to {before:.3g}, became {after:.3g}"
    demand(none - after >= 0.75 * (none - before), told)


def nothing_is_changed(case: SolverCase) -> None:
    """Images, weights, buffers and attributes are what they were before."""
    part, (pair, _) = case.make(2), case.moved(2)
    state = {name: value.clone() for name, value in part.state_dict().items()}
    plain = {name: value for name, value in vars(part).items() if not name.startswith("_")}
    images = pair.moving.clone(), pair.fixed.clone()
    case.solved(part, pair)
    demand(
        torch.equal(images[0], pair.moving) and torch.equal(images[1], pair.fixed), "an image was written to"
    )
    same = all(torch.equal(value, state[name]) for name, value in part.state_dict().items())
    demand(
        same and plain == {name: value for name, value in vars(part).items() if not name.startswith("_")},
        "its own state changed",
    )


def _mean(values: Tensor, inside: Tensor) -> float:
    return float((values * inside).sum() / inside.sum())


SOLVER = [
    *laws(fields_have_their_shape, decisive=True),
    *laws(equal_images_stay_put, it_moves_the_right_way, a_start_is_built_upon, nothing_is_changed),
]
