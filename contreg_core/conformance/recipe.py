"""``check_recipe``: the laws of a recipe, that is of components that work together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from contreg_core.components import Component
from contreg_core.conformance.law import Law, LeftOutError, demand, laws, try_laws
from contreg_core.conformance.module import disturb, kept
from contreg_core.conformance.report import Report
from contreg_core.conformance.samples import BOTH, brains, row
from contreg_core.conformance.segmenter import CLASSES
from contreg_core.conformance.solver import SolverCase, equal_images_stay_put, it_moves_the_right_way
from contreg_core.model import Learner, Model, parameter_count
from contreg_core.objective import Objective
from contreg_core.recipe import (
    Recipe,
    build,
    build_segmenter,
    build_solver,
    dump_recipe,
    load_recipe,
    resolve,
)
from contreg_core.segmentation import SegmentationModel
from contreg_core.types import Compared, Labelled, Pair

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

_SPACE = {2: (37, 29), 3: (18, 9, 13)}
_STEPS = (1e-2, 1e-3, 1e-4, 1e-5)


class RecipeCase:
    """A recipe and the catalogue its components come from."""

    def __init__(self, recipe: Recipe, catalogue: "Catalogue") -> None:
        self.recipe, self.catalogue = recipe, catalogue

    def made(self, ndim: int, seed: int = 7) -> tuple[Learner, Objective]:
        """A learner and its objective, weights drawn from one seed, as at the end of a run."""
        torch.manual_seed(seed)
        if self.recipe.form == "supervised":
            made: tuple[Learner, Objective] = build_segmenter(self.recipe, self.catalogue, CLASSES, ndim=ndim)
        elif self.recipe.form == "learned":
            made = build(self.recipe, self.catalogue, ndim=ndim)
        else:
            raise LeftOutError("a solver learns nothing")
        for part in (*made[0].modules(), *made[1].modules()):
            if isinstance(part, Component):
                part.proceed(0.999)
        return made

    def batch(self, ndim: int) -> Pair | Labelled:
        """Two pairs, or two labelled images, of odd sizes."""
        pair = brains(_SPACE[ndim], batch=2)
        if self.recipe.rendering.labels:
            return replace(pair, compared=Compared.like(pair, self.recipe.rendering.parts))
        if self.recipe.form != "supervised":
            return pair
        return Labelled(pair.fixed, (pair.fixed * (CLASSES - 1)).round().long())

    def total(self, learner: Learner, objective: Objective, ndim: int) -> Tensor:
        """What is minimised, drawn with one seed."""
        torch.manual_seed(5)
        return objective(learner.study(self.batch(ndim), objective.needed())).total

    def answer(self, learner: Learner, pair: Pair) -> Tensor:
        """What it is used for: a displacement, or logits."""
        torch.manual_seed(5)
        if isinstance(learner, SegmentationModel):
            return learner(pair.fixed)
        assert isinstance(learner, Model)
        return learner(pair).displacement


def check_recipe(recipe: Recipe | str, catalogue: "Catalogue | None" = None) -> Report:
    """Try every law of a recipe: a ``Recipe``, TOML text, or the name of an installed one.

    Its components are looked up in ``catalogue`` (default: all that is installed); ends as ``check_component``.
    """
    return try_recipe(recipe, catalogue).demand()


def try_recipe(recipe: Recipe | str, catalogue: "Catalogue | None" = None) -> Report:
    """As ``check_recipe``, but a failure is only in the report."""
    from contreg_core.plugins import load_catalogue

    catalogue = catalogue or load_catalogue()
    found = _recipe(recipe, catalogue)
    return try_laws(f"recipe '{found.name}'", laws_of(found), RecipeCase(found, catalogue))


def laws_of(recipe: Recipe) -> "list[Law[RecipeCase]]":
    """Those of its form."""
    return [*RECIPE, *(SOLVED if recipe.form == "solver" else TRAINED)]


def _recipe(recipe: Recipe | str, catalogue: "Catalogue") -> Recipe:
    if isinstance(recipe, Recipe):
        return recipe
    return load_recipe(recipe) if "\n" in recipe else catalogue.recipe(recipe)


def fits_together(case: RecipeCase) -> None:
    """Every component and knob exists, and every component gets what it needs, in 2-D and in 3-D."""
    resolve(case.recipe, case.catalogue)
    if case.recipe.form == "solver":
        build_solver(case.recipe, case.catalogue)
        return
    for ndim in BOTH:
        case.made(ndim)


def says_what_it_is(case: RecipeCase) -> None:
    """It has a name and a summary."""
    demand(
        case.recipe.name and case.recipe.summary.strip(),
        f"name '{case.recipe.name}', summary '{case.recipe.summary}'",
    )


def reads_back(case: RecipeCase) -> None:
    """Written as TOML with every knob spelt out, it reads back as the same recipe."""
    full = resolve(case.recipe, case.catalogue)
    demand(load_recipe(dump_recipe(full)) == full, "another recipe once it is written and read")


@torch.no_grad()
def any_size_will_do(case: RecipeCase) -> None:
    """Images of odd sizes get a finite float32 answer of their own size, in 2-D and 3-D."""
    for ndim in BOTH:
        learner, _ = case.made(ndim)
        pair = brains(_SPACE[ndim], batch=1)
        answer = case.answer(learner.eval(), pair)
        channels = CLASSES if case.recipe.form == "supervised" else ndim
        expected = (1, channels, *_SPACE[ndim])
        demand(
            tuple(answer.shape) == expected, f"an answer of shape {tuple(answer.shape)}, expected {expected}"
        )
        demand(
            answer.dtype == torch.float32 and bool(answer.isfinite().all()), f"{answer.dtype}, or not finite"
        )


def every_weight_learns(case: RecipeCase) -> None:
    """The objective is finite, and its gradient reaches every weight, in 2-D and 3-D."""
    for ndim in BOTH:
        learner, objective = case.made(ndim)
        total = case.total(learner.train(), objective.train(), ndim)
        demand(bool(total.isfinite()), f"an objective of {total.item()} in {ndim}-D")
        total.backward()
        weights = {name: value for name, value in learner.named_parameters() if value.requires_grad}
        demand(parameter_count(learner), "no weight to train")
        wild = [
            name
            for name, value in weights.items()
            if value.grad is not None and not bool(value.grad.isfinite().all())
        ]
        demand(not wild, f"a gradient that is not finite in {ndim}-D: {', '.join(wild[:5])}")
        idle = [name for name, value in weights.items() if value.grad is None]
        demand(not idle, f"no gradient reaches {', '.join(idle[:5])}")


def a_step_downhill_helps(case: RecipeCase) -> None:
    """A small step along the negative gradient lowers the objective."""
    learner, objective = case.made(2)
    learner, objective = learner.train(), objective.eval()
    weights = [value for value in learner.parameters() if value.requires_grad]
    total = case.total(learner, objective, 2)
    gradients = torch.autograd.grad(total, weights, allow_unused=True)
    moves = [torch.zeros_like(w) if g is None else g for w, g in zip(weights, gradients, strict=True)]
    start, norm = total.item(), torch.stack([move.norm() for move in moves]).norm()
    lowest = min(_after(case, learner, objective, weights, moves, step / float(norm)) for step in _STEPS)
    demand(lowest < start, f"{start:.6g} before, {lowest:.6g} at best after a step")


@torch.no_grad()
def _after(
    case: RecipeCase,
    learner: Learner,
    objective: Objective,
    weights: Sequence[Tensor],
    moves: Sequence[Tensor],
    step: float,
) -> float:
    before = [weight.clone() for weight in weights]
    for weight, move in zip(weights, moves, strict=True):
        weight.sub_(move, alpha=step)
    found = float(case.total(learner, objective, 2))
    for weight, old in zip(weights, before, strict=True):
        weight.copy_(old)
    return found


@torch.no_grad()
def answers_repeat_and_stand_alone(case: RecipeCase) -> None:
    """At test, a pair gets one answer: the second time as the first, and in a batch to a part in a thousand."""
    learner = case.made(2)[0].eval()
    both = brains(_SPACE[2], batch=2)
    alone, again = (case.answer(learner, row(both, 1)) for _ in (1, 2))
    demand(torch.equal(alone, again), "another answer the second time")
    if case.recipe.form == "supervised":
        return  # the core cuts a batch to the box that holds all of its brains
    apart = float((case.answer(learner, both)[1:] - alone).abs().max())
    demand(apart <= 1e-3 * float(alone.abs().max()) + 1e-6, f"the answer differs by {apart:.3g} in company")


@torch.no_grad()
def survives_a_checkpoint(case: RecipeCase) -> None:
    """Through safetensors into a fresh model, the answer is the same."""
    learner = case.made(2)[0].eval()
    disturb(learner)
    fresh = case.made(2, seed=8)[0].eval()
    fresh.load_state_dict(kept(learner.state_dict()))
    pair = brains(_SPACE[2])
    demand(
        torch.equal(case.answer(learner, pair), case.answer(fresh, pair)), "another answer once it is loaded"
    )


def it_solves(case: RecipeCase) -> None:
    """An image and itself stay put; a known displacement is found, in its direction."""
    torch.manual_seed(7)
    solver, warper, objective = build_solver(case.recipe, case.catalogue)
    knobs = resolve(case.recipe, case.catalogue).parts["solver"].knobs
    tried = SolverCase(type(solver), knobs, warper, objective)
    equal_images_stay_put(tried)
    it_moves_the_right_way(tried)


RECIPE = [*laws(fits_together, decisive=True), *laws(says_what_it_is, reads_back)]
TRAINED = laws(
    any_size_will_do,
    every_weight_learns,
    a_step_downhill_helps,
    answers_repeat_and_stand_alone,
    survives_a_checkpoint,
)
SOLVED = laws(it_solves)
