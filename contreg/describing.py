"""A recipe or a component as plain data: every knob with its value, default, type and line of help."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contreg.recipes import DEFAULT_MODEL

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.components import Kind
    from contreg_core.recipe import Choice, Recipe
    from contreg_core.values import Value

Description = dict[str, Any]


def describe_recipe(recipe: "Recipe", catalogue: "Catalogue") -> Description:
    """Name, summary, papers, number of trainable values, components, terms and settings, each with its knobs."""
    from contreg_core.recipe import resolve
    from contreg_core.recipe.nouns import SECTIONS

    full = resolve(recipe, catalogue)
    return {
        "kind": "recipe",
        "name": recipe.name,
        "summary": recipe.summary,
        "papers": _papers(full, catalogue),
        "recommended": recipe.name == DEFAULT_MODEL,
        "form": full.form,
        "parameters": _trainable(full, catalogue),
        "components": {slot: _choice(slot, choice, catalogue) for slot, choice in full.parts.items()},
        "losses": {
            key: {"weight": term.weight, **_choice("loss", term.choice, catalogue)}
            for key, term in full.losses.items()
        },
        **{section: knobs_of(cls, vars(getattr(full, section))) for section, cls in SECTIONS.items()},
    }


def _papers(recipe: "Recipe", catalogue: "Catalogue") -> list[str]:
    """What the recipe's components follow, each once."""
    parts = [catalogue.component(slot, choice.name) for slot, choice in recipe.parts.items()]
    terms = [catalogue.component("loss", term.choice.name) for term in recipe.losses.values()]
    return sorted({paper for cls in (*parts, *terms) for paper in cls.paper.split("; ") if paper})


def _trainable(recipe: "Recipe", catalogue: "Catalogue") -> int:
    """How many values are trained; building the recipe also checks that its components fit together."""
    from contreg_core.model import parameter_count
    from contreg_core.recipe import build, build_segmenter, build_solver

    if recipe.form == "solver":
        build_solver(recipe, catalogue)
        return 0
    if recipe.form == "supervised":
        return parameter_count(build_segmenter(recipe, catalogue, _CLASSES)[0])
    return parameter_count(build(recipe, catalogue)[0])


_CLASSES = 8
"""Of a supervised network whose cohort is not known: seven regions and background, as of LPBA40."""


def describe_component(kind: str, cls: type) -> Description:
    """Kind, name, what its docstring says, what it gives and needs, its knobs."""
    return {
        "kind": kind,
        "name": getattr(cls, "name", cls.__name__),
        "summary": prose(cls),
        "paper": getattr(cls, "paper", ""),
        "gives": sorted(getattr(cls, "gives", ())),
        "needs": sorted(getattr(cls, "needs", ())),
        "knobs": knobs_of(cls, {}),
    }


def knobs_of(cls: type, values: "Mapping[str, Value]") -> list[Description]:
    """Every knob of a class: name, value (the default where none is given), default, type, doc."""
    from contreg_core.parameters import parameters_of

    return [
        {
            "name": name,
            "value": values.get(name, parameter.default),
            "default": parameter.default,
            "type": parameter.type_name,
            "doc": parameter.doc,
        }
        for name, parameter in parameters_of(cls).items()
    ]


def prose(cls: type) -> str:
    """A class docstring without its list of knobs."""
    import inspect

    return (inspect.getdoc(cls) or "").partition("Knobs:\n")[0].strip()


def _choice(kind: "Kind", choice: "Choice", catalogue: "Catalogue") -> Description:
    cls = catalogue.component(kind, choice.name)
    return {
        "name": choice.name,
        "summary": prose(cls).partition("\n")[0],
        "knobs": knobs_of(cls, choice.knobs),
    }
