"""Recipes: a choice of components, weights and a training scheme; as TOML, as a dataclass, as a model."""

from contreg_core.recipe.build import build, build_segmenter, build_solver, require_trainable, resolve
from contreg_core.recipe.nouns import Choice, Recipe, Term
from contreg_core.recipe.override import override
from contreg_core.recipe.toml import dump_recipe, load_recipe

__all__ = [
    "Choice",
    "Recipe",
    "Term",
    "build",
    "build_segmenter",
    "build_solver",
    "dump_recipe",
    "load_recipe",
    "override",
    "require_trainable",
    "resolve",
]
