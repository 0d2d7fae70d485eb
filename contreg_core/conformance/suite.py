"""A whole plugin under test: every component, recipe and cohort it brings; one line in its author's tests."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from contreg_core.catalogue import Catalogue, Contribution
from contreg_core.cohort import Cohort
from contreg_core.conformance.cohort import try_cohort
from contreg_core.conformance.component import subject, try_component
from contreg_core.conformance.recipe import try_recipe
from contreg_core.conformance.report import Finding, Report
from contreg_core.errors import MismatchError
from contreg_core.house import put_back
from contreg_core.late import LateError, within
from contreg_core.plugins import load_catalogue, load_plugin
from contreg_core.recipe import Recipe

Source = Path | str | Callable[[Path], Path | str]
Sources = Mapping[str, Source]
Trial = Callable[[Path | None], Report]


def tests_of(  # pytest would not take it for a test: the name it is bound to counts
    module: str,
    *,
    sources: Sources | None = None,  # noqa: PT028 - see above
    **knobs: Mapping[str, object],
) -> Callable[..., None]:
    """A pytest function that tries every law on everything the plugin ``module`` brings, one case for each.

    ``test_conformance = conformance.tests_of("contreg_theirs")`` is a whole test file. ``sources`` maps a cohort's name
    to its study, or to a function that writes one into a folder; a keyword maps a component's name (``-`` written
    ``_``) to knobs. The plugin need not be installed.
    """
    import pytest

    tried = list(_trials(_contribution(module), sources or {}, knobs))

    @pytest.mark.parametrize("trial", [trial for _, trial in tried], ids=[name for name, _ in tried])
    def test_conformance(trial: Trial, tmp_path: Path) -> None:
        trial(tmp_path).demand()

    return test_conformance


def try_all(
    contribution: Contribution, sources: Sources | None = None, limit: float | None = None
) -> Iterator[Report]:
    """The reports of everything a plugin brings; each component, recipe and cohort has ``limit`` seconds."""
    for name, trial in _trials(contribution, sources or {}, {}):
        try:
            with within(limit):
                report = trial(None)
        except LateError as late:  # between two laws
            report = Report(name, (), (Finding("ends", str(late), "The check comes to its end"),), {})
        yield report


def _contribution(module: str) -> Contribution:
    with put_back() as changed:
        contribution = load_plugin(import_module(module), module, module)
    return replace(contribution, changed=tuple(changed))


def _trials(
    contribution: Contribution, sources: Sources, knobs: Mapping[str, Mapping[str, object]]
) -> Iterator[tuple[str, Trial]]:
    yield f"plugin '{contribution.entry}'", lambda _: _imported(contribution)
    for cls in contribution.components:
        own = knobs.get(cls.name.replace("-", "_"), {})
        yield subject(cls), _component(cls, contribution, own)
    catalogue = beside_the_installed(contribution) if contribution.recipes else Catalogue()
    for recipe in contribution.recipes:
        yield f"recipe '{recipe.name}'", _recipe(recipe, catalogue)
    for cohort in contribution.cohorts:
        yield f"cohort '{cohort.name}'", _cohort(cohort, sources.get(cohort.name))


def _imported(contribution: Contribution) -> Report:
    subject_, law = f"plugin '{contribution.entry}'", "leaves-the-house-as-it-is"
    if contribution.changed:
        expected = (
            "Its import changes nothing for everybody: default dtype, grad mode, threads, seeds, warnings"
        )
        return Report(subject_, (), (Finding(law, contribution.rudeness, expected),), {})
    return Report(subject_, (law,), (), {})


def _component(cls: Any, contribution: Contribution, knobs: Mapping[str, object]) -> Trial:
    return lambda _: try_component(cls, partners=contribution.components, **knobs)


def _recipe(recipe: Recipe, catalogue: Catalogue) -> Trial:
    return lambda _: try_recipe(recipe, catalogue)


def _cohort(cls: type[Cohort], source: Source | None) -> Trial:
    def trial(folder: Path | None) -> Report:
        place = source(folder) if callable(source) and folder else source
        return try_cohort(cls, None if callable(place) else place)

    return trial


def beside_the_installed(contribution: Contribution) -> Catalogue:
    """What is installed, with this plugin in it, be it installed or not."""
    installed = load_catalogue()
    if all(key in installed.owners for key in contribution.claims()):
        return installed
    own = set(contribution.claims())
    if own & set(installed.owners):
        raise MismatchError("an older version of the plugin is installed beside this one", "install this one")
    return installed.with_contribution(contribution)
