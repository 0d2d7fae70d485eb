"""A supervised run from end to end: fit, go on, evaluate, segment, report; and where it does not fit."""

import csv
import json
import shutil

import nibabel as nib
import numpy as np
import pytest

from contreg_cli.main import run

FIT = [
    *("fit", "--model", "unet", "--data", "synthetic", "--device", "cpu", "-s", "preprocessing.spacing=8"),
    *("-s", "segmenter.features=4,8", "-s", "training.validation=0"),
]


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def fit(study, folder, *more):
    return run([*FIT, "--cache", str(study / "cache"), "--run", str(folder), *more])


@pytest.fixture(scope="module", params=["regions", "labels"])
def supervised(request, study, tmp_path_factory):
    """A run of eight steps that tells regions, or labels, apart."""
    folder = tmp_path_factory.mktemp("runs") / request.param
    settings = [
        "--steps",
        "8",
        "-s",
        f"training.classes={request.param}",
        "-s",
        "training.learning_rate=0.02",
    ]
    assert fit(study, folder, *settings) == 0
    return folder


def test_the_record_names_the_classes(supervised):
    classes = json.loads((supervised / "run.json").read_text())["classes"]
    assert [one["id"] for one in classes[:2]] == ([1, 2] if supervised.name == "regions" else [21, 22])
    assert all(one["labels"] for one in classes)


def test_every_fixed_image_is_scored_once_and_every_pair_has_a_row(contreg, study, supervised):
    options = ["--cache", study / "cache", "--split", "train", "--device", "cpu"]
    shown = contreg("evaluate", supervised, *options)
    assert shown.code == 0
    assert "2 pairs, their 2 fixed images segmented" in shown.out
    assert "s an image" in shown.out
    assert "folding" not in shown.out
    folder = next((supervised / "evaluation").iterdir())
    rows = table(folder / "pairs.csv")
    none = contreg("evaluate", "--model", "none", "--data", "synthetic", *options, "--output", folder / "none",
                   "-s", "preprocessing.spacing=8", "--json")  # fmt: skip
    unregistered = table(folder / "none" / "pairs.csv")
    assert [(row["moving"], row["fixed"]) for row in rows] == [("S02", "S01"), ("S01", "S02")]
    for row, before in zip(rows, unregistered, strict=True):
        assert row["folding_percent"] == row["sdlogj"] == row["similarity"] == ""
        initial = [key for key in row if key.startswith("initial_")]
        assert initial
        assert all(row[key] == before[key] for key in initial)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["dice_fused"] > 0
    assert (summary["dice_labelmean"] is None) == (supervised.name == "regions")
    assert summary["initial"] == json.loads(none.out)["initial"]


def test_images_are_labelled_on_their_own_grid(contreg, study, supervised, tmp_path):
    image = study / "S03.nii.gz"
    ended = contreg(
        "segment", image, "--model", supervised, "-o", tmp_path, "--device", "cpu", "--probabilities"
    )
    assert ended.code == 0, ended.err
    found = nib.load(tmp_path / "S03_dseg.nii.gz")
    labels = np.asarray(found.dataobj)
    assert np.allclose(found.affine, nib.load(image).affine)
    assert labels.shape == nib.load(image).shape
    record = json.loads((tmp_path / "S03_dseg.json").read_text())
    ids = [one["id"] for one in record["classes"]]
    assert set(np.unique(labels)) <= {0, *ids}
    assert record["references"] == []
    assert record["model"]["recipe"] == "unet"
    rows = table(tmp_path / "S03_volumes.csv")
    assert [int(row["label"]) for row in rows] == ids
    assert [row["name"] for row in rows] == [one["name"] for one in record["classes"]]
    volumes = {int(row["label"]): float(row["volume_mm3"]) for row in rows}
    assert volumes == {id_: pytest.approx(512 * (labels == id_).sum(), rel=1e-5) for id_ in ids}
    shares = {id_: np.asarray(nib.load(tmp_path / f"S03_label-{id_}_probseg.nii.gz").dataobj) for id_ in ids}
    total = sum(shares.values())
    assert total.min() >= 0
    assert total.max() <= 1 + 1e-5
    for id_, share in shares.items():
        assert (share[labels == id_] >= np.stack(list(shares.values())).max(0)[labels == id_] - 1e-6).all()


@pytest.mark.parametrize(
    "more",
    [["--atlas", "synthetic"], ["--references", "1"], ["--fusion", "weighted"], ["--label-mode", "nearest"]],
)
def test_options_of_references_are_refused(contreg, study, supervised, tmp_path, more):
    ended = contreg("segment", study / "S03.nii.gz", "--model", supervised, "-o", tmp_path, *more)
    assert ended.code == 2
    assert f"{more[0]} is given, but a run of 'unet' labels images without references" in ended.error


def test_a_run_that_registers_needs_an_atlas(contreg, study, tmp_path):
    ended = contreg("segment", study / "S03.nii.gz", "--model", study / "run", "-o", tmp_path)
    assert ended.code == 2
    assert "'voxelmorph/mse' registers and needs labelled references" in ended.error


def test_it_registers_nothing(contreg, study, supervised, tmp_path):
    images = study / "S01.nii.gz", study / "S02.nii.gz"
    ended = contreg("register", *images, "--model", supervised, "-o", tmp_path)
    assert ended.code == 2
    assert "labels images and registers nothing" in ended.error
    assert "contreg segment IMAGE --model" in ended.error
    assert "unet" in contreg("register", *images, "--model", "unet", "-o", tmp_path).error
    sampled = contreg("evaluate", supervised, "--cache", study / "cache", "--samples", 3)
    assert sampled.code == 2
    assert "labels images and registers nothing" in sampled.error


def test_the_report_says_what_it_leaves_out(contreg, study, supervised, tmp_path):
    ended = contreg("report", supervised, "--cache", study / "cache", "-o", tmp_path / "report.html")
    assert ended.code == 0, ended.err
    assert "labels images and registers nothing" in (tmp_path / "report.html").read_text()


def test_the_same_command_goes_on(contreg, study, supervised, tmp_path):
    shutil.copytree(supervised, tmp_path / "run")
    more = ["--steps", "8", "-s", f"training.classes={supervised.name}", "-s", "training.learning_rate=0.02"]
    assert fit(study, tmp_path / "run", *more) == 0
    assert fit(study, tmp_path / "run", *more[:4], "-s", "training.learning_rate=0.01") != 0


def test_it_is_listed_and_shown(contreg):
    assert "supervised" in contreg("list").out.lower()
    shown = json.loads(contreg("show", "unet", "--json").out)
    shown = next(one for one in [shown] if one["kind"] == "recipe")
    assert shown["form"] == "supervised"
    assert shown["parameters"] == 5_601_352
    assert "training.classes" in contreg("show", "unet").out
