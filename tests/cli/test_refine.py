"""``--refine`` and registering without a model, from the shell."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest


@pytest.fixture
def images(study: Path) -> list[Path]:
    return [study / "S01.nii.gz", study / "S02.nii.gz"]


def sidecar(folder: Path) -> dict:
    return json.loads((folder / "S01_from-S01_to-S02_mode-image_xfm.json").read_text())


def test_register_needs_no_model(contreg, trio: list[Path], tmp_path: Path) -> None:
    result = contreg("register", *trio[:2], "-o", tmp_path / "out", "--device", "cpu")
    assert result.code == 0, result.err
    assert "svf-adam: NCC" in result.out
    record = sidecar(tmp_path / "out")
    assert record["model"]["recipe"] == "svf-adam"
    assert record["quality"]["ncc_after"] > record["quality"]["ncc_before"]
    assert record["quality"]["folding_percent"] == 0
    warped = nib.load(tmp_path / "out" / "S01_from-S01_to-S02_warped.nii.gz")
    moving, fixed, after = (np.asarray(image.dataobj) for image in (*map(nib.load, trio[:2]), warped))
    assert np.abs(after - fixed).mean() < np.abs(moving - fixed).mean()


def test_segment_needs_no_model(contreg, trio: list[Path], tmp_path: Path) -> None:
    moving, image, labels = trio
    result = contreg("segment", image, "--atlas", f"{moving}:{labels}", "-o", tmp_path, "--device", "cpu")
    assert result.code == 0, result.err
    assert json.loads((tmp_path / "S02_dseg.json").read_text())["model"]["recipe"] == "svf-adam"


def test_a_run_is_refined_and_says_so(contreg, study: Path, images: list[Path], tmp_path: Path) -> None:
    options = ["--model", study / "run", "--device", "cpu", "--precision", "float32"]
    for name, more in (("plain", []), ("refined", ["--refine", 10])):
        assert contreg("register", *images, "-o", tmp_path / name, *options, *more).code == 0
    plain, refined = sidecar(tmp_path / "plain"), sidecar(tmp_path / "refined")
    assert plain["model"]["prediction"] == []
    assert refined["model"]["prediction"] == ["refine 10"]
    assert refined["quality"]["ncc_after"] > plain["quality"]["ncc_after"]


def test_an_evaluation_has_its_own_name_and_folder(contreg, trained: Path, cache: Path) -> None:
    options = ["--cache", cache, "--limit", 1, "--device", "cpu", "--symmetric", "--refine", 3]
    result = contreg("evaluate", trained, *options)
    assert result.code == 0, result.err
    assert "contrastive-vae (symmetric, refine 3) on synthetic" in result.out
    (folder,) = (trained / "evaluation").glob("*-symmetric-refine-3")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["model"] == "contrastive-vae (symmetric, refine 3)"


def test_a_solver_is_evaluated(contreg, cache: Path, tmp_path: Path) -> None:
    tiny = ["-s", "preprocessing.spacing=0", "-s", "solver.levels=2,1", "-s", "solver.steps=10,10"]
    where = ["--data", "synthetic", "--cache", cache, "--output", tmp_path, "--limit", 1, "--json"]
    result = contreg("evaluate", "--model", "svf-adam", *where, *tiny)
    assert result.code == 0, result.err
    summary = json.loads(result.out)
    assert summary["model"] == "svf-adam"
    assert summary["dice_fused"] > summary["initial"]["dice_fused"]


@pytest.mark.parametrize(
    ("model", "message"), [("svf-adam", "no field to refine"), ("none", "nothing to refine")]
)
def test_what_predicts_nothing_is_not_refined(contreg, cache: Path, model: str, message: str) -> None:
    options = ["--data", "synthetic", "--cache", cache, "-s", "preprocessing.spacing=0"]
    result = contreg("evaluate", "--model", model, *options, "--refine", 3)
    assert result.code in (2, 78)
    assert message in result.error


def test_show_reads_well(contreg) -> None:
    result = contreg("show", "svf-adam")
    assert "needs no training" in result.out
    assert "solver.rate" in result.out
    assert "training.steps" not in result.out
    assert "svf-adam" in contreg("list").out
