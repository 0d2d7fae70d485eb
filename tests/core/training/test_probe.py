"""How many items fit into memory."""

from collections.abc import Callable

import pytest
import torch

from contreg_core.cache import CachedCohort
from contreg_core.catalogue import Catalogue
from contreg_core.engine import Engine
from contreg_core.errors import UnavailableError
from contreg_core.recipe import Recipe
from contreg_core.training import probe


@pytest.mark.parametrize(
    ("one", "two", "room", "batch"),
    [(100, 150, 99, 1), (100, 150, 150, 2), (100, 150, 249, 2), (100, 150, 250, 4), (100, 100, 1e9, 64)],
)
def test_a_power_of_two_whose_need_is_within_the_room(
    one: float, two: float, room: float, batch: int
) -> None:
    assert probe.fitting(one, two, room) == batch


@pytest.mark.parametrize("base", ["voxelmorph", "unet"])
def test_it_measures_a_recipe(
    base: str,
    toy_cache: CachedCohort,
    cpu: Engine,
    catalogue: Catalogue,
    tiny_recipe: Callable[..., Recipe],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = tiny_recipe(base=base)
    monkeypatch.setattr(probe, "room", lambda engine: 0.0)
    assert probe.largest_batch(recipe, toy_cache, cpu, catalogue) == 1
    monkeypatch.undo()
    assert 1 <= probe.largest_batch(recipe, toy_cache, cpu, catalogue) <= 64


def test_a_machine_has_room(cpu: Engine) -> None:
    found = probe.room(cpu)
    assert found is None or 10 < found < 1e9


def test_a_system_that_does_not_say_is_asked_for_a_number(
    toy_cache: CachedCohort, cpu: Engine, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "room", lambda engine: None)
    with pytest.raises(UnavailableError, match="how much memory is free"):
        probe.largest_batch(catalogue.recipe("voxelmorph"), toy_cache, cpu, catalogue)


def test_compiling_is_asked_for_part_by_part(cpu: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[torch.nn.Module] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: called.append(self))
    parts = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Identity())
    cpu.compile(parts)
    assert not called
    Engine(cpu.device, bfloat16=False, compiled=True).compile(parts)
    assert called == list(parts.children())
