"""The cost page says what its script computes from the rates."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cost() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cost", ROOT / "benchmarks" / "cost.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_the_page_are_the_scripts(cost: ModuleType) -> None:
    rates = json.loads(cost.RATES.read_text())
    assert cost.tables(rates) in (ROOT / "docs" / "explanation" / "cost.md").read_text()


def test_dollars_follow_the_price_and_the_number_of_subjects(cost: ModuleType) -> None:
    rates = {"work": {"x": {"core_seconds": 3600, "bytes": 1000, "per": "subject", "source": ""}}}
    first, *_, last = cost.rows(rates, price=0.5)[0][1:]
    assert (first, last) == ("100 h, 100 kB, $50.00", "1,000,000 h, 1 GB, $500,000")
    rates["work"]["x"]["per"] = "run"
    assert set(cost.rows(rates, price=0.5)[0][1:]) == {"1.0 h, 1 kB, $0.50"}
