"""An experiment as its file says it: the variants of a question, each to be trained by every seed on every cohort."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from contreg_core.errors import DataError, UsageError
from contreg_core.parameters import unknown

HERE = Path(__file__).parent / "experiments"
HELD_OUT: Mapping[str, int] = {"lpba40": 3, "mindboggle": 2}
"""Training subjects to choose by: LPBA40 28-30; MindBoggle's OASIS-TRT-20 9 and 10 (one alone makes no pair)."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A recipe and what is changed in it, and how it predicts.

    One with ``run`` is not trained: it predicts otherwise by the run of the variant of that name. ``against`` is what
    it is compared with (default: the experiment's base). ``lever`` names what it is about.
    """

    name: str
    recipe: str = ""
    settings: tuple[str, ...] = ()
    run: str = ""
    against: str = ""
    lever: str = ""
    refine: int = 0
    symmetric: bool = False
    references: str = ""
    fusion: str = "majority"
    limit: int = 0

    @property
    def predicting(self) -> list[str]:
        """The options of ``contreg evaluate`` that say how it predicts."""
        atlases = ["--references", self.references, "--fusion", self.fusion] if self.references else []
        refined = ["--refine", str(self.refine)] if self.refine else []
        return [*refined, *["--symmetric"] * self.symmetric, *atlases, *self.limited]

    @property
    def limited(self) -> list[str]:
        """Where it is too slow for all pairs."""
        return ["--limit", str(self.limit)] if self.limit else []


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """``budget`` is a span of training time, or ``steps`` are given; ``also`` are cohorts that are scored without being
    trained on. ``report`` says what is scored on test subjects: ``all`` variants, or the ``chosen`` one and the base.
    """

    name: str
    question: str
    base: str
    variants: tuple[Variant, ...]
    data: tuple[str, ...] = ("lpba40",)
    also: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    budget: str = ""
    steps: int = 0
    settings: tuple[str, ...] = ()
    report: Literal["all", "chosen"] = "chosen"
    round: int = 1
    note: str = ""

    def __post_init__(self) -> None:
        if bool(self.budget) == bool(self.steps):
            raise UsageError(f"{self.name}: one of budget and steps is needed", "write e.g. budget = '3h'")
        if self.report not in ("all", "chosen"):
            raise UsageError(f"{self.name}: report = '{self.report}'", "write 'all' or 'chosen'")
        names = [variant.name for variant in self.variants]
        if len(set(names)) < len(names):
            raise UsageError(f"{self.name}: a variant's name comes twice", "give each a name of its own")
        for variant in self.variants:
            for other in (self.base, variant.run, variant.against):
                if other and other not in names:
                    raise unknown(f"{self.name}: no variant '{other}'", other, names, "variants")

    @cached_property
    def by_name(self) -> Mapping[str, Variant]:
        """The variants by their names."""
        return {variant.name: variant for variant in self.variants}

    def against(self, variant: Variant) -> Variant | None:
        """What a variant is compared with; None for the base."""
        other = self.by_name[variant.against or self.base]
        return None if other is variant else other

    def trials(self) -> Iterator["Trial"]:
        """All there is to do, base first on every cohort with every seed."""
        for variant in sorted(self.variants, key=lambda one: one.name != self.base):
            for data in self.data:
                yield from (Trial(self, variant, data, seed) for seed in self.seeds)

    def narrowed(self, **changes: Any) -> "Experiment":
        """The same with what the command line says instead."""
        given = {name: value for name, value in changes.items() if value}
        if "budget" in given or "steps" in given:
            given = {"budget": "", "steps": 0, **given}
        return replace(self, **given)


@dataclass(frozen=True)
class Trial:
    """One training by one seed, and how it predicts."""

    experiment: Experiment
    variant: Variant
    data: str
    seed: int

    @property
    def trained(self) -> Variant:
        """The variant whose run it is."""
        return self.experiment.by_name[self.variant.run] if self.variant.run else self.variant

    @property
    def settings(self) -> tuple[str, ...]:
        """All that changes the recipe, but for the seed."""
        held = HELD_OUT.get(self.data)
        own = () if held is None else (f"training.validation={held}",)
        return (*own, *self.experiment.settings, *self.trained.settings)

    @property
    def budget(self) -> list[str]:
        """The option of ``contreg fit`` that ends it."""
        one = self.experiment
        return ["--max-time", one.budget] if one.budget else ["--steps", str(one.steps)]

    @property
    def run(self) -> str:
        """A name for its run folder; equal only where the same would be trained."""
        what = [
            self.trained.recipe,
            *self.settings,
            *self.budget,
            self.data,
            self.seed,
            self.experiment.round,
        ]
        slug = "".join(letter if letter.isalnum() else "-" for letter in self.trained.name)
        return f"{slug}-{self.data}-{self.seed}-{_hash(what)}"

    @property
    def key(self) -> str:
        """Tells it from every other trial in the table; two experiments may share a run, but no line."""
        return _hash([self.experiment.name, self.run, *self.variant.predicting])

    def facts(self) -> dict[str, Any]:
        """What every line of the table says of it."""
        one = self.experiment
        return {
            "experiment": one.name,
            "variant": self.variant.name,
            "lever": self.variant.lever,
            "recipe": self.trained.recipe,
            "settings": list(self.settings),
            "predicting": self.variant.predicting,
            "trained_on": self.data,
            "seed": self.seed,
            "budget": one.budget or f"{one.steps} steps",
            "round": one.round,
            "note": one.note,
            "key": self.key,
        }


def read_experiment(path: Path) -> Experiment:
    """The experiment in a TOML file; raises ``DataError`` and ``UsageError`` for what does not fit."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", "name an experiment file") from error
    variants = tuple(_made(Variant, one, path) for one in content.pop("variant", []))
    return _made(Experiment, {"name": path.stem, "variants": variants, **content}, path)


def _made(cls: Any, values: Mapping[str, Any], path: Path) -> Any:
    known = [one.name for one in fields(cls)]
    for name in values:
        if name not in known:
            raise unknown(f"{path.name}: there is no '{name}'", name, known, "keys")
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return cls(**plain)
    except TypeError as error:
        raise UsageError(f"{path.name}: {error}", "see the other experiment files") from error


def _hash(what: Any) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]
