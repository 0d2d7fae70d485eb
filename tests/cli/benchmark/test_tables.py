"""The rows of the paper's tables are data that fits what is installed."""

import pytest

from contreg.benchmark.plan import TablePlan
from contreg.benchmark.rows import REFINE_STEPS
from contreg.benchmark.tables import TABLES
from contreg.recipes import find_recipe
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import build, resolve

CATALOGUE = load_catalogue(plugins=False)
INSTALLED = {recipe.name for recipe in CATALOGUE.recipes()}
ROWS = [pytest.param(row, id=f"{table.name}: {row.name}") for table in TABLES.values() for row in table.rows]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_rows_can_be_told_apart_and_refer_to_one_another(table):
    names = [row.name for row in table.rows]
    assert len(set(names)) == len(names) == len({row.folder for row in table.rows})
    assert table.main in names
    for row in table.rows:
        assert row.known.endswith(".")
        assert not row.against or table.row(row.against)
        assert not row.run or table.row(row.run).recipe == row.recipe
        assert bool(row.run) == bool(row.refine or row.references)


@pytest.mark.parametrize("row", [row for row in ROWS if row.values[0].recipe in INSTALLED])
def test_settings_fit_the_recipe(row):
    recipe = find_recipe(CATALOGUE, row.recipe, row.settings)
    assert recipe.form == row.kind
    resolve(recipe, CATALOGUE)


@pytest.mark.parametrize("row", TABLES["table3"].rows, ids=lambda row: row.name)
def test_ablations_make_models(row):
    recipe = resolve(find_recipe(CATALOGUE, row.recipe, row.settings), CATALOGUE)
    build(recipe, CATALOGUE, ndim=2)
    removed = {setting.split(".")[1] for setting in row.settings if setting.endswith(".weight=0")}
    assert removed <= CATALOGUE.recipe(row.recipe).losses.keys()
    assert not removed & recipe.losses.keys()


def test_the_papers_averages_stand_beside_the_rows_they_belong_to():
    lpba40 = {row.name: row.paper["lpba40"]["mean"] for row in TABLES["table1"].rows if row.paper}
    assert lpba40 == {
        "utilzreg": 0.665, "voxelmorph": 0.716, "faim": 0.729, "contrastive-vae": 0.763, "unet": 0.832
    }  # fmt: skip
    mindboggle = [row.paper["mindboggle"]["mean"] for row in TABLES["table2"].rows if row.paper]
    assert mindboggle == [0.439, 0.559, 0.583, 0.629, 0.811]
    ablation = [row.paper["lpba40"]["mean"] for row in TABLES["table3"].rows if row.paper]
    assert ablation == [0.702, 0.716, 0.751, 0.763]


def test_refined_rows_share_the_run_and_not_the_evaluation(tmp_path):
    table = TABLES["table1"]
    plan = TablePlan(table=table, rows=table.rows, data="lpba40", folder=tmp_path, limit=40, solver_limit=10)
    plain, refined = table.row("contrastive-vae/paper"), table.row("contrastive-vae/paper +refine")
    assert refined.refine == REFINE_STEPS
    assert plan.run(plain) == plan.run(refined) == tmp_path / "runs" / "contrastive-vae-paper"
    assert plan.evaluation(plain) != plan.evaluation(refined)
    assert [plan.limit_of(row) for row in (plain, refined, table.row("logdemons"))] == [40, 10, 10]
    assert plan.settings_of(plain)[-1] == "training.seed=0"
