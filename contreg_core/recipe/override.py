"""``-s path=value``: a recipe changed from the shell. Later settings win."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contreg_core.errors import UsageError
from contreg_core.parameters import find, parameters_of, parse, unknown
from contreg_core.recipe.nouns import FORMS, SECTIONS, Choice, Recipe, Slot, Term
from contreg_core.recipe.toml import check_name, weight
from contreg_core.values import read

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.components import Kind

_FORMS = "write encoder=NAME, warper.KNOB=VALUE, loss.TERM.weight=VALUE or training.steps=VALUE"


def override(recipe: Recipe, settings: Sequence[str], catalogue: "Catalogue") -> Recipe:
    """``recipe`` with every ``path=value`` applied in order.

    ``encoder=NAME`` changes a component and resets its knobs; ``loss.TERM.weight=W`` adds the term if it is absent and
    removes it if ``W`` is 0; any other path sets one value. Raises ``UsageError`` for what does not fit.
    """
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"'{setting}' has no '='", _FORMS)
        recipe = _set(recipe, path.strip().split("."), text.strip(), catalogue)
    return recipe


def _set(recipe: Recipe, path: list[str], text: str, catalogue: "Catalogue") -> Recipe:
    match path:
        case [("encoder" | "decoder" | "solver" | "warper" | "segmenter") as slot]:
            return _with_part(recipe, slot, _change(_part(recipe, slot), slot, text, catalogue))
        case [("encoder" | "decoder" | "solver" | "warper" | "segmenter") as slot, knob]:
            return _with_part(recipe, slot, _turn(_part(recipe, slot), slot, knob, text, catalogue))
        case ["loss", key, knob]:
            return _set_term(recipe, check_name(key, "a term"), knob, text, catalogue)
        case [("training" | "augmentation" | "rendering" | "preprocessing") as section, knob]:
            return _with(recipe, section, _setting(recipe, section, knob, text))
    known = (*FORMS[recipe.form], "loss", *SECTIONS)
    if path[0] not in known:
        raise unknown(f"a recipe has no '{path[0]}'", path[0], known, "parts")
    raise UsageError(f"'{'.'.join(path)}' is not a setting", _FORMS)


def _set_term(recipe: Recipe, key: str, knob: str, text: str, catalogue: "Catalogue") -> Recipe:
    losses = dict(recipe.losses)
    term = losses.get(key) or Term(1.0, Choice(key))
    if knob == "weight" and read(float, text) == 0:
        losses.pop(key, None)
        return _with(recipe, "losses", losses)
    losses[key] = _changed_term(term, key, knob, text, catalogue)
    return _with(recipe, "losses", losses)


def _changed_term(term: Term, key: str, knob: str, text: str, catalogue: "Catalogue") -> Term:
    if knob == "component":
        return replace(term, choice=_change(term.choice, "loss", text, catalogue))
    catalogue.component("loss", term.choice.name)
    if knob == "weight":
        return replace(term, weight=weight(key, read(float, text)))
    return replace(term, choice=_turn(term.choice, "loss", knob, text, catalogue))


def _change(choice: Choice, kind: "Kind", name: str, catalogue: "Catalogue") -> Choice:
    catalogue.component(kind, name)
    return choice if choice.name == name else Choice(name)


def _turn(choice: Choice, kind: "Kind", knob: str, text: str, catalogue: "Catalogue") -> Choice:
    parameters = parameters_of(catalogue.component(kind, choice.name))
    value = parse(find(parameters, knob, f"{kind} '{choice.name}'"), text)
    return replace(choice, knobs={**choice.knobs, knob: value})


def _setting(recipe: Recipe, section: str, knob: str, text: str) -> object:
    parameter = find(parameters_of(SECTIONS[section]), knob, f"[{section}]")
    changes: dict[str, Any] = {knob: parse(parameter, text)}
    return replace(getattr(recipe, section), **changes)


def _part(recipe: Recipe, slot: Slot) -> Choice:
    if slot not in recipe.parts:
        parts = ", ".join(recipe.parts)
        raise UsageError(f"recipe '{recipe.name}' has no {slot}", f"its components are {parts}")
    return recipe.parts[slot]


def _with_part(recipe: Recipe, slot: Slot, choice: Choice) -> Recipe:
    return replace(recipe, parts={**recipe.parts, slot: choice})


def _with(recipe: Recipe, part: str, value: object) -> Recipe:
    changes: dict[str, Any] = {part: value}
    return replace(recipe, **changes)
