"""A table of tiny rows on the tiny cohort."""

import pytest

from contreg.benchmark import tables
from contreg.benchmark.rows import Row, Table

SETTINGS = ("preprocessing.spacing=0", "training.steps=2", "training.validation=0")
NONE = Row(name="none", kind="none", settings=("preprocessing.spacing=0",), known="No registration.")
MAIN = Row(
    name="small",
    kind="learned",
    recipe="voxelmorph/mse",
    settings=(*SETTINGS, "decoder.features=vm1"),
    paper={"synthetic": {"mean": 0.5, "cerebrum": 0.25}, "lpba40": {"mean": 0.75}},
    known="Tiny.",
)
OTHER = Row(
    name="small/without smoothness",
    kind="learned",
    recipe="voxelmorph/mse",
    settings=(*MAIN.settings, "loss.gradient-l2.weight=0", "training.learning_rate=0.01"),
    known="Tiny too.",
)
MISSING = Row(name="missing", kind="solver", recipe="not-installed", known="Of a plugin that is not here.")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Table:
    """A table with a main row, another, none, and one whose recipe is not installed."""
    table = Table("tiny", "A tiny table", "synthetic", "small", (NONE, MAIN, OTHER, MISSING))
    monkeypatch.setitem(tables.TABLES, "tiny", table)
    return table
