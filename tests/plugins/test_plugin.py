"""Nothing that was written is forgotten at the door."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import contreg_adapters
import contreg_adapters.plugin
import contreg_plugins
import contreg_plugins.plugin
from contreg_core.cohort import Cohort
from contreg_core.components import Component


def concrete(package: object, base: type) -> Iterator[type]:
    """Every concrete subclass of ``base`` defined in a module of ``package``."""
    for module in walk_packages(package.__path__, package.__name__ + "."):
        for _, cls in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(cls, base) and cls.__module__ == module.name and not inspect.isabstract(cls):
                yield cls


def test_every_component_in_the_rooms_is_brought() -> None:
    assert set(concrete(contreg_plugins, Component)) == set(contreg_plugins.plugin.contreg_components())


def test_every_cohort_adapter_is_brought() -> None:
    assert set(concrete(contreg_adapters, Cohort)) == set(contreg_adapters.plugin.contreg_cohorts())
