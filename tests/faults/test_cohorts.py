"""Cohorts as people have them that were trained on or scored wrongly: what is said of each."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_adapters.synthetic import Synthetic
from contreg_core.volume import Volume, write_volume
from contreg_core.whereabouts import apart, middle
from tests.program import contreg

__all__ = ["contreg"]


def written(folder: Path, *, shift: float = 0.0, cut: bool = False) -> Path:
    """Four synthetic brains as a manifest: the last ``shift`` mm to the right; ``cut``: the third of another size."""
    folder.mkdir()
    rows = []
    cohort = Synthetic(subjects=4, size=(20, 24, 20), spacing=8.0)
    for number, scan in enumerate(cohort.scans()):
        loaded = cohort.load(scan)
        assert loaded.labels is not None
        affine = loaded.image.affine.copy()
        affine[0, 3] += shift * (number == 3)
        end = 16 if cut and number == 2 else None
        for name, volume in ((scan.id, loaded.image), (f"{scan.id}_labels", loaded.labels)):
            write_volume(folder / f"{name}.nii.gz", Volume(volume.array[:, :, :end], affine))
        split = ("train", "train", "validation", "test")[number]
        rows.append(
            {"id": scan.id, "image": f"{scan.id}.nii.gz", "label": f"{scan.id}_labels.nii.gz", "split": split}
        )
    with (folder / "study.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "study.csv"


def test_a_scan_that_lies_elsewhere_is_warned_of_and_not_paired(contreg, tmp_path: Path) -> None:
    study = written(tmp_path / "study", shift=40.0)
    text = study.read_text().replace(",train", ",test", 1)
    study.write_text(text)
    keep = ["--cache", tmp_path / "cache"]
    spacing = ["-s", "preprocessing.spacing=0"]
    made = contreg("prepare", "--data", "manifest", "--source", study, *keep, *spacing)
    assert made.code == 0
    assert "share no space" in made.err
    checked = contreg("data", "check", "manifest", "--source", study)
    assert "share no space" in checked.err
    scored = contreg(
        "evaluate", "--model", "none", "--data", "manifest", *keep, "--output", tmp_path / "e", *spacing
    )
    assert scored.code == 65
    assert "mm apart" in scored.err


def test_a_validation_scan_on_another_grid_is_refused_before_the_first_step(contreg, tmp_path: Path) -> None:
    study = written(tmp_path / "study", cut=True)
    keep = ["--cache", tmp_path / "cache", "-s", "preprocessing.spacing=0"]
    assert contreg("prepare", "--data", "manifest", "--source", study, *keep).code == 0
    run = tmp_path / "run"
    fit = [
        "fit",
        "--model",
        "voxelmorph",
        "--data",
        "manifest",
        "--steps",
        2,
        "--device",
        "cpu",
        "--run",
        run,
    ]
    refused = contreg(*fit, *keep)
    assert refused.code == 65
    assert "held out for validation" in refused.error
    assert not list(run.glob("checkpoints/*"))


def test_one_image_in_two_files_is_named(contreg, tmp_path: Path) -> None:
    root = tmp_path / "derivative"
    for subject in ("01", "02"):
        folder = root / f"sub-{subject}" / "anat"
        folder.mkdir(parents=True)
        image = folder / f"sub-{subject}_space-T1w_desc-preproc_T1w.nii.gz"
        write_volume(image, Volume(np.random.default_rng(1).random((8, 8, 8)).astype(np.float32), np.eye(4)))
    image.with_suffix("").write_bytes(gzip.decompress(image.read_bytes()))
    (root / "dataset_description.json").write_text(
        json.dumps({"Name": "x", "BIDSVersion": "1.8.0", "DatasetType": "derivative"})
    )
    refused = contreg("data", "check", "bids", "--source", root)
    assert refused.code == 65
    assert "sub-02" in refused.error
    assert "one image in two files" in refused.error


@given(shift=st.tuples(*[st.floats(-100, 100)] * 3), size=st.floats(0.5, 4))
def test_the_middle_goes_where_the_header_goes(shift: tuple[float, ...], size: float) -> None:
    mask = np.zeros((6, 8, 10), bool)
    mask[1:5, 2:7, 3:9] = True
    affine = np.diag([size, size, size, 1.0])
    moved = affine.copy()
    moved[:3, 3] += shift
    first, second = middle(mask, affine), middle(mask, moved)
    assert np.allclose(first, size * np.array([2.5, 4.0, 5.5]))
    assert np.allclose(second - first, shift)
    distance = float(np.linalg.norm(shift))
    assert apart(first, second) == pytest.approx(distance if distance > 25 else 0, abs=1e-6)
