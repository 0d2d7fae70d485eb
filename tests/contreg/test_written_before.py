"""What an earlier commit wrote is taken up and read."""

import shutil
from pathlib import Path

import pytest

import contreg

FIXTURE = Path(__file__).parents[1] / "fixtures" / "before-contreg"
SETTINGS = {
    "preprocessing.spacing": 0, "encoder.features": (2, 2), "decoder.depth": (1, 1),
    "training.validation": 0, "training.steps": 3,
}  # fmt: skip


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURE, tmp_path / "before"))


def test_a_run_goes_on_where_it_stopped(before: Path) -> None:
    with pytest.warns(contreg.ContregWarning, match="sums of the scans"):
        run = contreg.fit(
            "contrastive-vae", "synthetic", run=before / "run", cache=before / "cache", settings=SETTINGS,
            device="cpu", precision="float32",
        )  # fmt: skip
    assert run.record["steps"] == 3
    assert [one["step"] for one in run.record["resumed"]] == [1]


def test_an_evaluation_is_read_and_compared_with_one_of_today(before: Path) -> None:
    today = contreg.evaluate(
        "none", "synthetic", cache=before / "cache", output=before / "today", device="cpu",
        settings={"preprocessing.spacing": 0},
    )  # fmt: skip
    with pytest.warns(contreg.ContregWarning, match="sums of its scans"):
        rows = contreg.compare([before / "evaluation", today])
    assert rows[0]["dice_fused"] == pytest.approx(rows[1]["dice_fused"])
