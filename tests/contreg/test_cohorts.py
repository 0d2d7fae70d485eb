"""A cohort from Python: prepared, trained on, scored, compared, reported."""

from pathlib import Path

import pytest

import contreg

TINY = {"preprocessing.spacing": 0}
SMALL = {**TINY, "encoder.features": (4, 4, 4), "training.validation": 2, "training.warmup_steps": 1}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cache")
    grown = {"cohort.size": (16, 16, 16), "cohort.subjects": 6}
    cohort = contreg.prepare("synthetic", cache=root, settings={**TINY, **grown})
    assert len(cohort.split("train")) == 4
    return root


@pytest.fixture(scope="module")
def run(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> contreg.Run:
    folder = tmp_path_factory.mktemp("runs") / "run"
    return contreg.fit(
        "contrastive-vae", "synthetic", run=folder, cache=cache, steps=2, settings=SMALL, device="cpu"
    )


def test_a_run_is_trained_scored_compared_and_reported(run: contreg.Run, cache: Path, tmp_path: Path) -> None:
    assert run.record["finished"]
    assert run.metrics[-1]["step"] == 2
    trained = contreg.evaluate(run, cache=cache, device="cpu")
    none = contreg.evaluate(
        "none", "synthetic", cache=cache, output=tmp_path / "none", settings=TINY, device="cpu"
    )
    assert trained.summary["pairs"] == len(trained.pairs) == none.summary["pairs"]
    rows = contreg.compare([none, trained])
    assert rows[0]["difference"] is None
    assert rows[1]["difference"]["to"] == rows[0]["name"]
    page = contreg.report(run, tmp_path / "report.html", cache=cache)
    assert "<html" in page.read_text()


def test_fit_goes_on_with_the_run_in_its_folder(run: contreg.Run, cache: Path) -> None:
    again = contreg.fit(
        "contrastive-vae", "synthetic", run=run, cache=cache, steps=2, settings=SMALL, device="cpu"
    )
    assert again == run


def test_progress_is_called_back(cache: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    front = contreg.Front(progress_to=lambda what, done, total: told.append((what.split()[0], done, total)))
    with contreg.using(front):
        contreg.evaluate("none", "synthetic", cache=cache, output=tmp_path, settings=TINY, device="cpu")
    assert told[-1] == ("evaluate", 2, 2)


def test_a_loaded_model_registers_again_and_again(run: contreg.Run, cache: Path) -> None:
    model = run.load(device="cpu")
    assert model.recipe.name == "contrastive-vae"
    with pytest.raises(contreg.ContregError, match="load"):
        contreg.register("a.nii.gz", "b.nii.gz", model=model, refine=3)


def test_a_recipe_that_must_be_trained_is_no_model() -> None:
    with pytest.raises(contreg.ContregError, match="train"):
        contreg.load("voxelmorph")
