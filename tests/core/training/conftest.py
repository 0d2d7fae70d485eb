"""A session on the toy cohort."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contreg_core.cache import CachedCohort
from contreg_core.catalogue import Catalogue
from contreg_core.engine import Engine
from contreg_core.recipe import Recipe
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session


@pytest.fixture
def session_of(
    tmp_path: Path, toy_cache: CachedCohort, cpu: Engine, catalogue: Catalogue
) -> Callable[..., Session]:
    """``session_of(recipe, folder, cohort=..., max_seconds=...)``"""

    def begin(recipe: Recipe, folder: str, *, cohort: CachedCohort = toy_cache, **more: Any) -> Session:
        return Session(recipe, cohort, RunFolder(tmp_path / folder), cpu, catalogue, **more)

    return begin
