"""Groups of ranks as processes of their own, and the learned recipes made tiny."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from contreg_core.cache import CachedCohort
from contreg_core.catalogue import Catalogue
from contreg_core.engine import Engine
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.recipe import Recipe, dump_recipe, override
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session

WORKER = Path(__file__).with_name("worker.py")
SIAMESE = ("encoder.widths=4,8", "decoder.widths=4,8,8", "decoder.bottleneck_width=8")
VOXELMORPH = ("encoder.features=4,4", "decoder.features=vm1")
PYRAMID = (
    *("encoder.features=12,12", "encoder.norm=group", "loss.lncc.window=5", "training.warmup_steps=5"),
    *("loss.local-contrast.points=32", "loss.infonce.queue=10"),
)
TINY: dict[str, Sequence[str]] = {
    "contrastive-vae": PYRAMID,
    "contrastive-vae/light": PYRAMID,
    "contrastive-vae/paper": SIAMESE,
    "contrastive-vae/reference": SIAMESE,
    "contrastive-vae/reference2020": (*SIAMESE, "decoder.final_width=4"),
    "contrastive-vae/wide": PYRAMID,
    "lapirn": ("decoder.width=4", "decoder.blocks=1", "decoder.frozen=0.2"),
    "unet": ("segmenter.features=4,8",),
    "voxelmorph": (*VOXELMORPH, "loss.lncc.window=5"),
    "voxelmorph/gradicon": (*VOXELMORPH, "loss.lncc.window=5"),
    "voxelmorph/mse": VOXELMORPH,
    "voxelmorph-diff": ("encoder.features=4,4",),
}

ADAM_EPS = 1e-3
"""With Adam's own 1e-8 the rounding noise of a gradient that is 0 (a bias before a batch norm) becomes full steps."""

Tiny = Callable[..., Recipe]
Group = Callable[..., Path]


@pytest.fixture(scope="session")
def learned(catalogue: Catalogue) -> list[str]:
    """Every recipe of the catalogue that is trained on images."""
    trained = (recipe for recipe in catalogue.recipes() if recipe.form != "solver")
    return [
        recipe.name for recipe in trained if not recipe.rendering.labels
    ]  # those have no images of their own


@pytest.fixture(scope="session")
def tiny(catalogue: Catalogue, toy_spec: Preprocessing) -> Tiny:
    """``tiny(name, *settings)``: 20 steps of a recipe, small where its size can be set."""

    def make(name: str, *settings: str) -> Recipe:
        own = ("training.steps=20", "training.validation=0", *TINY.get(name, ()), *settings)
        return replace(override(catalogue.recipe(name), list(own), catalogue), preprocessing=toy_spec)

    return make


@pytest.fixture(scope="session")
def group(toy_cache: CachedCohort) -> Group:
    """``group(count, folder, recipes, **environment)``: so many ranks train every recipe together; see worker.py."""

    def run(count: int, folder: Path, recipes: Mapping[str, Recipe], **environment: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, recipe in recipes.items():
            (folder / f"{name}.toml").write_text(dump_recipe(recipe))
        store = folder / f"store{len(list(folder.glob('store*')))}"
        own = {
            "WORLD_SIZE": str(count),
            "STORE": str(store),
            "OMP_NUM_THREADS": "1",
            "ADAM_EPS": str(ADAM_EPS),
        }
        own |= environment
        ranks = [_rank({**own, "RANK": str(n)}, folder, toy_cache.folder) for n in range(count)]
        said = [rank.communicate()[1] for rank in ranks]
        assert [rank.returncode for rank in ranks] == [0] * count, "\n".join(said)
        return folder

    return run


@pytest.fixture
def alone(toy_cache: CachedCohort, catalogue: Catalogue, cpu: Engine) -> Callable[[Recipe, Path], RunFolder]:
    """``alone(recipe, folder)``: one rank, in this process, with ``ADAM_EPS``."""

    def run(recipe: Recipe, folder: Path) -> RunFolder:
        session = Session(recipe, toy_cache, RunFolder(folder), cpu, catalogue)
        for group in session.state.optimiser.param_groups:
            group["eps"] = ADAM_EPS
        list(session.advance())
        return session.run

    return run


def _rank(environment: Mapping[str, str], *arguments: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(WORKER), *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)
