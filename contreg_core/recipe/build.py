"""From a recipe to a model and its objective; what does not fit together is refused before the first step."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contreg_core.errors import ContregError, MismatchError, UnavailableError, UsageError
from contreg_core.parameters import parameters_of
from contreg_core.parameters import resolve as resolve_knobs
from contreg_core.recipe.nouns import Choice, Recipe

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.components import Component, Kind, Solver, Warper
    from contreg_core.model import Model
    from contreg_core.objective import AnyLoss, Objective
    from contreg_core.segmentation import SegmentationModel


def resolve(recipe: Recipe, catalogue: "Catalogue") -> Recipe:
    """The recipe with every knob of every component spelt out and checked; what a run keeps."""
    _check_gamma(recipe)
    return replace(
        recipe,
        parts={slot: _resolved(slot, choice, catalogue) for slot, choice in recipe.parts.items()},
        losses={
            key: replace(term, choice=_resolved("loss", term.choice, catalogue))
            for key, term in recipe.losses.items()
        },
    )


def require_trainable(recipe: Recipe) -> None:
    """Raise ``UsageError`` for a solver's recipe."""
    if recipe.form == "solver":
        raise UsageError(
            f"recipe '{recipe.name}' optimises every pair and has nothing to train",
            f"use it at once: contreg register MOVING FIXED --model {recipe.name} -o DIR",
        )


def build(
    recipe: Recipe, catalogue: "Catalogue", *, image_channels: int = 1, ndim: int = 3
) -> "tuple[Model, Objective]":
    """The model and the objective of ``recipe``, freshly initialised.

    Raises ``UsageError`` for an unknown component or knob, ``MismatchError`` where one component needs what no other
    gives; the hint names the installed components that give it.
    """
    from contreg_core.model import Model

    require_trainable(recipe)
    if recipe.form == "supervised":
        raise _registers_nothing(recipe)
    if not recipe.losses:
        raise UsageError(f"recipe '{recipe.name}' has no loss", "add one: -s loss.lncc.weight=1")
    encoder = _make("encoder", recipe.parts["encoder"], catalogue, image_channels, ndim)
    decoder = _make("decoder", recipe.parts["decoder"], catalogue, encoder.channels, ndim)
    warper = _make("warper", recipe.parts["warper"], catalogue)
    objective = _objective(recipe, catalogue)
    _check_needs(decoder, [encoder], catalogue)
    for part in (warper, *objective.terms()):
        _check_needs(part, [encoder, decoder, warper], catalogue, Model.gives | recipe.rendering.gives)
    return Model(encoder, decoder, warper), objective


def build_solver(recipe: Recipe, catalogue: "Catalogue") -> "tuple[Solver, Warper, Objective]":
    """The solver of ``recipe``, the warper that turns its field into a displacement, and the objective it minimises.

    Raises as ``build`` does; what a loss needs must come from the solver or the warper.
    """
    if recipe.form == "supervised":
        raise _registers_nothing(recipe)
    if recipe.form != "solver":
        raise UsageError(
            f"recipe '{recipe.name}' must be trained before it registers",
            f"train it: contreg fit --model {recipe.name} --data COHORT; then give its run folder",
        )
    solver = _make("solver", recipe.parts["solver"], catalogue)
    warper = _make("warper", recipe.parts["warper"], catalogue)
    objective = _objective(recipe, catalogue)
    for part in (solver, warper, *objective.terms()):
        _check_needs(part, [solver, warper], catalogue)
    return solver, warper, objective


def build_segmenter(
    recipe: Recipe, catalogue: "Catalogue", classes: int, *, image_channels: int = 1, ndim: int = 3
) -> "tuple[SegmentationModel, Objective]":
    """The network of a supervised ``recipe`` for so many classes (background included), and its objective.

    Raises as ``build`` does.
    """
    from contreg_core.segmentation import SegmentationModel

    if recipe.form != "supervised":
        raise UsageError(
            f"recipe '{recipe.name}' registers and learns no labels",
            "segment with it from references: --atlas",
        )
    if not recipe.losses:
        raise UsageError(f"recipe '{recipe.name}' has no loss", "add one: -s loss.cross-entropy.weight=1")
    segmenter = _make("segmenter", recipe.parts["segmenter"], catalogue, image_channels, classes, ndim)
    objective = _objective(recipe, catalogue)
    for part in objective.terms():
        _check_needs(part, [segmenter], catalogue)
    return SegmentationModel(segmenter), objective


def _registers_nothing(recipe: Recipe) -> UsageError:
    return UsageError(
        f"recipe '{recipe.name}' learns labels and registers nothing",
        f"train it: contreg fit --model {recipe.name} --data COHORT; then: contreg segment IMAGE --model RUN -o DIR",
    )


def _objective(recipe: Recipe, catalogue: "Catalogue") -> "Objective":
    from contreg_core.objective import Objective

    terms = {key: (term.weight, _make("loss", term.choice, catalogue)) for key, term in recipe.losses.items()}
    for _, loss in terms.values():
        _check_reading(loss, recipe, catalogue)
    return Objective(terms)


def _check_reading(loss: "AnyLoss", recipe: Recipe, catalogue: "Catalogue") -> None:
    """A loss reads registrations or the logits of a segmenter; a recipe gives one of them."""
    given = "logits" if recipe.form == "supervised" else "registration"
    if loss.reads == given:
        return
    needs, lacks = ("a registration", "segments") if given == "logits" else ("logits", "registers")
    fitting = [cls.name for cls in catalogue.components("loss") if getattr(cls, "reads", "") == given]
    raise MismatchError(
        f"loss '{loss.name}' needs {needs}, which recipe '{recipe.name}' does not give: it {lacks}",
        f"leave it out: -s loss.{loss.name}.weight=0; losses that fit: {', '.join(fitting)}",
    )


def _check_gamma(recipe: Recipe) -> None:
    """A power changes contrast only on [0, 1]; elsewhere it would cut or blow up the range."""
    spec = recipe.preprocessing
    unit = spec.intensity == "robust" or (spec.intensity == "nyul" and bool(spec.window))
    if recipe.augmentation.gamma and not unit:
        raise UsageError(
            f"augmentation.gamma = {recipe.augmentation.gamma} needs images in [0, 1], "
            f"which preprocessing.intensity = {spec.intensity} does not give",
            "set augmentation.gamma=0 or preprocessing.intensity=robust",
        )


def _resolved(kind: "Kind", choice: Choice, catalogue: "Catalogue") -> Choice:
    cls = catalogue.component(kind, choice.name)
    return Choice(choice.name, resolve_knobs(parameters_of(cls), choice.knobs, f"{kind} '{choice.name}'"))


def _make(kind: "Kind", choice: Choice, catalogue: "Catalogue", *wiring: object) -> Any:
    """One component; a ``ValueError`` of its constructor is about a knob's value, so it is the user's to read."""
    cls: Any = catalogue.component(kind, choice.name)
    knobs = _resolved(kind, choice, catalogue).knobs
    try:
        return _whole(kind, cls(*wiring, **knobs))
    except ValueError as error:
        raise UsageError(f"{kind} '{choice.name}': {error}", f"knobs in use: {_listing(knobs)}") from error


def _whole(kind: "Kind", part: Any) -> Any:
    """The component, if its constructor did all that a constructor of its kind must."""
    if "_modules" not in vars(part):
        raise _unfinished(kind, part, "did not start as a module", "begin __init__ with super().__init__()")
    promised = _PROMISED.get(kind, ())
    missing = [name for name in promised if not hasattr(part, name)]
    if missing:
        raise _unfinished(
            kind, part, f"sets no {' or '.join(missing)}", f"set {' and '.join(promised)} in __init__"
        )
    return part


_PROMISED: "Mapping[Kind, tuple[str, ...]]" = {
    "encoder": ("channels", "multiple"),
    "segmenter": ("multiple",),
}
"""What a constructor must set for the core to read."""


def _unfinished(kind: "Kind", part: Any, found: str, remedy: str) -> UnavailableError:
    return UnavailableError(f"{kind} '{part.name}' {found}", f"for its author: {remedy}")


def _listing(knobs: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in knobs.items()) or "none"


def _check_needs(
    part: "Component",
    givers: "Iterable[Component]",
    catalogue: "Catalogue",
    given: frozenset[str] = frozenset(),
) -> None:
    givers = list(givers)
    given = given.union(*(giver.given() for giver in givers))
    for fact in sorted(part.needed() - given):
        raise _unmet(part, fact, givers, catalogue)


def _unmet(part: "Component", fact: str, givers: "list[Component]", catalogue: "Catalogue") -> ContregError:
    need = f"{part.kind} '{part.name}' needs {fact.replace('_', ' ')}"
    for giver in givers:
        candidates = [cls.name for cls in catalogue.components(giver.kind) if fact in cls.gives]
        if giver.name in candidates:
            found = f"{need}, which {giver.kind} '{giver.name}' gives only with other knobs"
            return MismatchError(found, f"see: contreg show {giver.name}")
        if candidates:
            choices = " or ".join(f"-s {giver.kind}={name}" for name in candidates)
            return MismatchError(f"{need}, which {giver.kind} '{giver.name}' does not give", f"try {choices}")
    return MismatchError(f"{need}, which no installed component gives", "see: contreg plugins")
