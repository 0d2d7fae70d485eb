"""The law of ranks: N ranks with B/N items each are one rank with B, for every learned recipe."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from torch import Tensor

from contreg_core.checkpoint import read_checkpoint
from contreg_core.recipe import Recipe
from contreg_core.training.run_folder import RunFolder

LOOSE = {"contrastive-vae/paper", "contrastive-vae/reference", "contrastive-vae/reference2020"}
"""Batch norms over a few voxels; two have weights of N(0, 1) and activations of hundreds: rounding grows with them. One
float32 rounding of every weight at the start moves some of one rank's by 0.005 of the largest within 20 steps."""
SPREAD = {"adam": 1e-5, "adamw": 1e-5, "muon": 1e-3}
"""Orthogonal steps make small singular values, and what rounding left in them, as large as the others."""


@pytest.mark.parametrize(
    ("count", "batch"), [(2, 3), *(pytest.param(*case, marks=pytest.mark.all) for case in ((2, 4), (4, 6)))]
)
def test_ranks_are_one(
    tiny: Callable[..., Recipe],
    group: Callable[..., Path],
    alone: Callable[[Recipe, Path], RunFolder],
    learned: list[str],
    tmp_path: Path,
    count: int,
    batch: int,
) -> None:
    """Logged losses and gradient norms after 20 steps, and every weight, average, queue and running statistic.

    Shares differ in size where the ranks do not divide the batch. (Ranks among themselves agree to the bit: worker.py.)
    """
    recipes = {name.replace("/", "."): tiny(name, f"training.batch_size={batch}") for name in learned}
    assert len(recipes) >= 11
    several = group(count, tmp_path, recipes)
    for file, recipe in recipes.items():
        found, expected = RunFolder(several / file), alone(recipe, tmp_path / f"{file}-alone")
        tolerance = 1e-3 if recipe.name in LOOSE else 1e-5
        assert losses(found, recipe) == pytest.approx(losses(expected, recipe), rel=tolerance), recipe.name
        spread = 1e-2 if recipe.name in LOOSE else SPREAD[recipe.training.optimiser]
        assert apart(weights(found), weights(expected)) <= spread, recipe.name


def losses(run: RunFolder, recipe: Recipe) -> dict[str, float]:
    """Of the line at the end, and of that at the end of a coarse part."""
    lines = {line["step"]: line for line in run.read_metrics()}
    assert list(lines) == [step for step in (round(20 * recipe.training.coarse), 20) if step]
    return {
        f"{name} at {step}": value
        for step, line in lines.items()
        for name, value in line.items()
        if name != "seconds"
    }


def weights(run: RunFolder) -> dict[str, Tensor]:
    """All but what rounding alone moves: a bias that the next batch norm takes away, and that norm's running mean."""
    found = read_checkpoint(run.checkpoint("last")).tensors
    return {n: value for n, value in found.items() if not n.startswith("optimiser/") and not _idle(n, found)}


def _idle(name: str, all_of_them: Mapping[str, Tensor]) -> bool:
    parts = re.fullmatch(r"(.*\.)(\d+)\.(bias|running_mean)", name)
    if parts is None:
        return False
    before, number, kind = parts[1], int(parts[2]), parts[3]
    if kind == "running_mean":
        return f"{before}{number - 1}.bias" in all_of_them
    return f"{before}{number + 1}.running_mean" in all_of_them


def apart(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> float:
    """The largest difference, each tensor measured by its largest value."""
    assert found.keys() == expected.keys()
    pairs = [(found[name].double(), expected[name].double()) for name in found]
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-2)) for a, b in pairs if b.numel())
