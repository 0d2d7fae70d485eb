"""The kit is tried on itself: every component broken in one way fails by the law it breaks, sound ones by none."""

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from contreg_core.cohort import Cohort
from contreg_core.components import Component, Solver
from contreg_core.conformance import NonconformanceError, Report, check_cohort, check_component
from contreg_core.conformance.cohort import COHORT
from contreg_core.conformance.component import KIND_LAWS, laws_of

FOLDER = Path(__file__).parent / "mutants"


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"mutants_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found  # where pickle would look for its classes
    spec.loader.exec_module(found)
    return found


MODULES = [module(path.stem) for path in sorted(FOLDER.glob("[a-z]*.py"))]
SOUND = [cls for one in MODULES for cls in one.SOUND]


def mutants() -> Iterator[type]:
    for one in MODULES:
        for _, cls in inspect.getmembers(one, inspect.isclass):
            if cls.__module__ == one.__name__ and "breaks" in vars(cls):
                yield cls


MUTANTS = list(mutants())
OFTEN = [
    pytest.param(
        cls, marks=[pytest.mark.all] if issubclass(cls, Solver) and cls.__name__ != "OtherWay" else []
    )
    for cls in MUTANTS
]
"""Every solver that is broken is solved with a dozen times: all but one only in ``make test-all``."""


def check(cls: type, source: Path) -> Report:
    (source / "study.txt").write_text("")
    return check_cohort(cls, source) if issubclass(cls, Cohort) else check_component(cls)


@pytest.mark.parametrize("cls", SOUND, ids=lambda cls: cls.__name__)
def test_a_sound_one_breaks_no_law(cls: type, tmp_path: Path) -> None:
    report = check(cls, tmp_path)
    assert report.failed == ()
    assert report.text.endswith("laws hold")


@pytest.mark.parametrize("cls", OFTEN, ids=lambda cls: cls.__name__)
def test_a_mutant_fails_by_its_law(cls: type, tmp_path: Path) -> None:
    with pytest.raises(NonconformanceError) as caught:
        check(cls, tmp_path)
    assert caught.value.report.failed[0].law == cls.breaks, str(caught.value)
    finding = caught.value.report.failed[0]
    assert finding.found in str(caught.value)
    assert finding.expected in str(caught.value)


def test_every_law_has_a_mutant() -> None:
    """But those that the core keeps itself, and those that need a GPU."""
    broken = {cls.breaks for cls in MUTANTS}
    known = {law.name for kind in KIND_LAWS for law in laws_of(kind)} | {law.name for law in COHORT}
    assert known - broken == {"runs-on-cuda"}
    assert broken <= known


def test_a_class_of_no_kind_is_told_so() -> None:
    class Stranger(Component):
        """Of no kind."""

        name = "stranger"

    with pytest.raises(NonconformanceError, match="is not an encoder"):
        check_component(Stranger)
