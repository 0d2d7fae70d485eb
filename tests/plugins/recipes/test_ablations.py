"""The settings of the ablation rows in docs/explanation/baselines.md are ones that build what their row says."""

import re
from pathlib import Path

import pytest

from contreg_core.components import Loss
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import build, override

CATALOGUE = load_catalogue(plugins=False)
PAGE = Path(__file__).parents[3] / "docs/explanation/baselines.md"
SECTION = PAGE.read_text(encoding="utf-8").partition("## The rows of the ablation")[2]
CONTRAST = {"dcl", "infonce", "local-contrast"}
DIVERGENCE = {"gaussian-kl", "laplacian-kl"}


def rows() -> dict[str, list[str]]:
    """Name of a row -> its other cells."""
    lines = [line.strip("|").split("|") for line in SECTION.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return {name: rest for name, *rest in cells if name != "row"}


def built(recipe: str, cell: str) -> dict[str, Loss]:
    """The terms of the objective, by name."""
    settings = re.findall(r"`-s ([^`]+)`", cell)
    assert settings or cell == "none"
    _, objective = build(override(CATALOGUE.recipe(recipe), settings, CATALOGUE), CATALOGUE, ndim=2)
    return {name: objective.term(name) for name in objective.weights}


TABLE_3 = ["recon", "recon + smooth", "recon + contrast", "all"]


@pytest.mark.parametrize("row", TABLE_3)
@pytest.mark.parametrize(("recipe", "column"), [("contrastive-vae/paper", 2), ("contrastive-vae", 3)])
def test_alpha_and_beta_leave_their_terms_out(recipe: str, column: int, row: str) -> None:
    cells = rows()[row]
    terms = built(recipe, cells[column]).keys()
    assert bool(terms & DIVERGENCE) == (float(cells[0]) > 0) == ("smooth" in row or row == "all")
    assert bool(terms & CONTRAST) == (float(cells[1]) > 0) == ("contrast" in row or row == "all")
    assert terms - DIVERGENCE - CONTRAST == {"mse" if recipe.endswith("paper") else "lncc"}


def test_the_rows_of_the_recommended_recipe() -> None:
    own = {row: cells[0] for row, cells in rows().items() if row not in TABLE_3}
    terms = {row: built("contrastive-vae", cell) for row, cell in own.items()}
    assert len(own) == 8
    whole = terms["local contrast on"].keys()
    assert whole == {"lncc", "laplacian-kl", "infonce", "local-contrast"}
    assert terms["local contrast off"].keys() == whole - {"local-contrast"}
    assert terms["unit Gaussian prior"].keys() == whole - {"laplacian-kl"} | {"gaussian-kl"}
    assert terms["Laplacian prior"].keys() == terms["integration on (SVF)"].keys() == whole
    queues = {row: len(terms[row]["infonce"].entries) for row in own}  # type: ignore[arg-type]
    assert {row for row, length in queues.items() if not length} == {"queue off, batch 4"}


def test_integration_off_gives_displacements() -> None:
    settings = re.findall(r"`-s ([^`]+)`", rows()["integration off"][0])
    model, _ = build(override(CATALOGUE.recipe("contrastive-vae"), settings, CATALOGUE), CATALOGUE, ndim=2)
    assert model.warper.name == "displacement"
    assert "velocity" not in model.decoder.given()
