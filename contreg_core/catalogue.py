"""The catalogue: every component, recipe and cohort that is installed, by kind and name, with its owner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from contreg_core.errors import MismatchError, UnavailableError, UsageError
from contreg_core.parameters import unknown

if TYPE_CHECKING:
    from pathlib import Path

    from contreg_core.cohort import Cohort
    from contreg_core.components import Component, Kind
    from contreg_core.recipe.nouns import Recipe

T = TypeVar("T")


@dataclass(frozen=True)
class Broken:
    """An entry point that could not be used, and why; never a crash."""

    entry: str
    distribution: str
    reason: str

    @property
    def line(self) -> str:
        """For people, on one line."""
        return f"plugin '{self.entry}' is off: {' '.join(self.reason.split())}"


@dataclass(frozen=True)
class Contribution:
    """What one entry point brings; ``seconds`` is what importing it took, contreg's own core aside.

    ``changed``: what its import changed for everybody, and is put back.
    """

    entry: str
    distribution: str
    components: "tuple[type[Component], ...]" = ()
    recipes: "tuple[Recipe, ...]" = ()
    cohorts: "tuple[type[Cohort], ...]" = ()
    weights: "Mapping[str, Path]" = field(default_factory=dict)
    seconds: float = 0.0
    changed: tuple[str, ...] = ()

    @property
    def rudeness(self) -> str:
        """What it changed, for people, on one line; empty where it changed nothing."""
        found = ", ".join(self.changed)
        return (
            f"plugin '{self.entry}' changed {found} when it was imported; this was put back" if found else ""
        )

    def claims(self) -> Iterable[tuple[str, str]]:
        """The (kind, name) of everything in it."""
        yield from ((cls.kind, cls.name) for cls in self.components)
        yield from (("recipe", recipe.name) for recipe in self.recipes)
        yield from (("cohort", cls.name) for cls in self.cohorts)


@dataclass(frozen=True)
class Catalogue:
    """Look-up by kind and name; a miss is a ``UsageError`` that suggests the nearest name.

    ``owners`` maps (kind, name), with kinds ``recipe`` and ``cohort`` beside the four, to the distribution. ``weights``
    are the model files of recipes that come trained.
    """

    broken: tuple[Broken, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    owners: Mapping[tuple[str, str], str] = field(default_factory=dict)
    _components: "Mapping[tuple[str, str], type[Component]]" = field(default_factory=dict, repr=False)
    _recipes: "Mapping[str, Recipe]" = field(default_factory=dict, repr=False)
    _cohorts: "Mapping[str, type[Cohort]]" = field(default_factory=dict, repr=False)

    @property
    def weights(self) -> "Mapping[str, Path]":
        """Recipe name -> the model file it registers with."""
        return {name: file for one in self.contributions for name, file in one.weights.items()}

    @staticmethod
    def of(contributions: Iterable[Contribution], broken: Iterable[Broken] = ()) -> "Catalogue":
        """Everything in one catalogue; two owners of one (kind, name) raise ``MismatchError`` naming both."""
        contributions = list(contributions)
        owners: dict[tuple[str, str], str] = {}
        for contribution in contributions:
            for key in contribution.claims():
                _claim(owners, key, contribution.distribution)
        return Catalogue(
            tuple(broken),
            tuple(contributions),
            owners,
            {(cls.kind, cls.name): cls for one in contributions for cls in one.components},
            {recipe.name: recipe for one in contributions for recipe in one.recipes},
            {cls.name: cls for one in contributions for cls in one.cohorts},
        )

    def with_contribution(self, contribution: Contribution) -> "Catalogue":
        """This one and what one more plugin brings; raises ``MismatchError`` as ``of`` does."""
        own = Catalogue.of([contribution])
        owners = dict(self.owners)
        for key, distribution in own.owners.items():
            _claim(owners, key, distribution)
        return Catalogue(
            self.broken,
            (*self.contributions, contribution),
            owners,
            {**self._components, **own._components},
            {**self._recipes, **own._recipes},
            {**self._cohorts, **own._cohorts},
        )

    def component(self, kind: "Kind", name: str) -> "type[Component]":
        """The component class of this kind and name."""
        classes = {cls.name: cls for cls in self.components(kind)}
        return self._find(classes, name, kind, "losses" if kind == "loss" else f"{kind}s")

    def recipe(self, name: str) -> "Recipe":
        """The recipe of this name, knobs as its file has them."""
        return self._find(self._recipes, name, "recipe", "recipes")

    def cohort(self, name: str) -> "type[Cohort]":
        """The cohort class of this name."""
        return self._find(self._cohorts, name, "cohort", "cohorts")

    def components(self, kind: "Kind | None" = None) -> "list[type[Component]]":
        """All component classes, or those of one kind, by name."""
        return [
            cls for (owned, _), cls in sorted(self._components.items(), key=_key) if kind in (None, owned)
        ]

    def recipes(self) -> "list[Recipe]":
        """All recipes by name."""
        return [recipe for _, recipe in sorted(self._recipes.items(), key=_key)]

    def cohorts(self) -> "list[type[Cohort]]":
        """All cohort classes by name."""
        return [cls for _, cls in sorted(self._cohorts.items(), key=_key)]

    def _find(self, things: Mapping[str, T], name: str, noun: str, nouns: str) -> T:
        if name in things:
            return things[name]
        miss = unknown(f"there is no {noun} '{name}'", name, things, nouns)
        if not self.broken:
            raise miss
        count = f"{len(self.broken)} plugin{'s' if len(self.broken) > 1 else ''}"
        hint = f"{miss.hint}; {count} could not be loaded, see: contreg plugins check"
        # Like nothing that is known: then it is not misspelt, and most likely in what could not be loaded.
        raise (UsageError if miss.hint.startswith("did you") else UnavailableError)(miss.message, hint)


def _key(item: tuple[object, object]) -> str:
    return str(item[0])


def _claim(owners: dict[tuple[str, str], str], key: tuple[str, str], distribution: str) -> None:
    if key in owners:
        kind, name = key
        raise MismatchError(
            f"{kind} '{name}' is brought by both '{owners[key]}' and '{distribution}'",
            "uninstall one of them, or name the plugins to load in CONTREG_PLUGINS",
            code="PLUG-57",
        )
    owners[key] = distribution
