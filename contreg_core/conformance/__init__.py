"""The conformance kit: the laws of every kind of plugin, for the tests of whoever writes one.

``check_component(cls)``, ``check_recipe(name)`` and ``check_cohort(cls, source)`` give a report or raise one that names
every law that failed. ``test_conformance = tests_of("contreg_theirs")`` is a whole pytest file. contreg's own catalogue
is tested by the same functions.
"""

from contreg_core.conformance.cohort import check_cohort, try_cohort
from contreg_core.conformance.component import check_component, try_component
from contreg_core.conformance.recipe import check_recipe, try_recipe
from contreg_core.conformance.report import Finding, NonconformanceError, Report
from contreg_core.conformance.suite import tests_of, try_all

__all__ = [
    "Finding",
    "NonconformanceError",
    "Report",
    "check_cohort",
    "check_component",
    "check_recipe",
    "tests_of",
    "try_all",
    "try_cohort",
    "try_component",
    "try_recipe",
]
