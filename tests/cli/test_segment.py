"""``contreg segment`` from end to end: file and cohort references, volumes, one bad image among good ones."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.lpba40.labels import label_table
from contreg_cli.main import run
from contreg_core.files import sha256_of

VOXEL = 8.0**3


def command(study, images, output, *more):
    options = ["-o", str(output), "--model", str(study / "run"), "--cache", str(study / "cache")]
    return run(["segment", *map(str, images), *options, "--device", "cpu", "--precision", "float32", *more])


def pair(study, name):
    return f"{study / name}.nii.gz:{study / name}_labels.nii.gz"


def load(path):
    return np.asarray(nib.load(path).dataobj)


def test_one_labelled_image(study, tmp_path):
    image = study / "S03.nii.gz"
    assert command(study, [image], tmp_path, "--atlas", pair(study, "S01")) == 0
    assert {p.name for p in tmp_path.iterdir()} == {
        *("S03_dseg.nii.gz", "S03_dseg.json", "S03_volumes.csv", "SHA256SUMS")
    }
    found = load(tmp_path / "S03_dseg.nii.gz")
    assert np.allclose(nib.load(tmp_path / "S03_dseg.nii.gz").affine, nib.load(image).affine)
    assert set(np.unique(found)) <= set(np.unique(load(study / "S01_labels.nii.gz")))
    truth = load(study / "S03_labels.nii.gz")
    assert ((found > 0) == (truth > 0)).mean() > 0.9
    record = json.loads((tmp_path / "S03_dseg.json").read_text())
    assert [reference["name"] for reference in record["references"]] == ["S01.nii.gz"]
    assert record["Sources"] == ["S03.nii.gz", "S01.nii.gz"]
    assert record["GeneratedBy"][0]["Name"] == "contreg"
    assert record["fusion"] == "majority"
    assert record["atlas"] == ["S01.nii.gz:S01_labels.nii.gz"]
    files = [study / "S01.nii.gz", study / "S01_labels.nii.gz"]
    assert record["atlas_sha256"] == {path.name: sha256_of(path) for path in files}
    assert record["provenance"]["finished"]
    assert record["model"]["recipe"] == "voxelmorph/mse"


@pytest.mark.parametrize("fusion", ["majority", "weighted", "staple"])
def test_fusing_one_reference_changes_nothing(study, tmp_path, fusion):
    for name, more in (("plain", []), ("fused", ["--fusion", fusion, "--references", "1"])):
        atlas = ["--atlas", pair(study, "S02")]
        assert command(study, [study / "S03.nii.gz"], tmp_path / name, *atlas, *more) == 0
    plain, fused = (load(tmp_path / name / "S03_dseg.nii.gz") for name in ("plain", "fused"))
    assert np.array_equal(plain, fused)


def test_the_training_subjects_of_a_cohort(study, tmp_path):
    image, atlas = study / "S03.nii.gz", ["--atlas", "synthetic"]
    assert command(study, [image], tmp_path / "one", *atlas) == 0
    more = ["--references", "all", "--fusion", "weighted", "--probabilities"]
    assert command(study, [image], tmp_path / "all", *atlas, *more) == 0
    one, both = (
        json.loads((tmp_path / n / "S03_dseg.json").read_text())["references"] for n in ("one", "all")
    )
    assert len(one) == 1
    assert {reference["name"] for reference in both} == {"S01", "S02"}
    found = load(tmp_path / "all" / "S03_dseg.nii.gz")
    shares = {p.name.split("_")[1]: load(p) for p in (tmp_path / "all").glob("*_probseg.nii.gz")}
    best = max(shares, key=lambda name: shares[name].sum())
    label = int(best.removeprefix("label-"))
    assert shares[best].max() == pytest.approx(1)
    assert (shares[best][found == label] >= 0.499).all()
    assert sum(shares.values()).max() == pytest.approx(1, abs=1e-5)


def test_staple_writes_the_labels_of_highest_probability(study, tmp_path):
    more = ["--atlas", "synthetic", "--references", "all", "--fusion", "staple", "--probabilities"]
    assert command(study, [study / "S03.nii.gz"], tmp_path, *more) == 0
    assert json.loads((tmp_path / "S03_dseg.json").read_text())["fusion"] == "staple"
    found = load(tmp_path / "S03_dseg.nii.gz")
    paths = {int(p.name.split("_")[1].removeprefix("label-")): p for p in tmp_path.glob("*_probseg.nii.gz")}
    shares = {label: load(path) for label, path in paths.items()}
    shares[0] = 1 - sum(shares.values())
    best = np.max(list(shares.values()), axis=0)
    chosen = sum(np.where(found == label, share, 0) for label, share in shares.items())
    assert np.allclose(chosen, best, atol=1e-5)


def test_a_checkpoint_file_is_a_model_too(study, tmp_path, monkeypatch):
    monkeypatch.chdir(study / "run" / "checkpoints")
    options = ["-o", str(tmp_path), "--model", "last.safetensors", "--cache", str(study / "cache")]
    assert (
        run(["segment", str(study / "S03.nii.gz"), *options, "--atlas", "synthetic", "--device", "cpu"]) == 0
    )


def test_volumes_have_names_and_cubic_millimetres(study, tmp_path):
    assert command(study, [study / "S03.nii.gz"], tmp_path, "--atlas", "synthetic") == 0
    with (tmp_path / "S03_volumes.csv").open(newline="") as file:
        rows = {int(row["label"]): row for row in csv.DictReader(file)}
    found = load(tmp_path / "S03_dseg.nii.gz")
    assert set(rows) == {label.id for label in label_table()}
    for label in label_table():
        assert rows[label.id]["name"] == label.name
        assert float(rows[label.id]["volume_mm3"]) == pytest.approx((found == label.id).sum() * VOXEL)


def test_one_bad_image_does_not_stop_the_others(study, tmp_path, capsys):
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes((study / "S03.nii.gz").read_bytes()[:-200])
    out = tmp_path / "out"
    images = [study / "S03.nii.gz", bad, study / "S02.nii.gz"]
    assert command(study, images, out, "--atlas", pair(study, "S01")) == 3
    assert {p.name for p in out.glob("*_dseg.nii.gz")} == {"S03_dseg.nii.gz", "S02_dseg.nii.gz"}
    assert "1 of 3 images failed" in capsys.readouterr().err
    assert command(study, [bad], out, "--atlas", pair(study, "S01")) == 65


def test_what_cannot_be_meant_is_refused_before_any_work(study, tmp_path):
    image, out = study / "S03.nii.gz", tmp_path / "out"
    twin = tmp_path / "s03.nii.gz"
    assert command(study, [image, twin], out, "--atlas", pair(study, "S01")) == 65
    assert not out.exists()
    assert command(study, [image], out, "--atlas", "synthetik") == 2
    assert command(study, [image], out, "--atlas", "synthetic", "--references", "0") == 2
    assert command(study, [image], out, "--atlas", "synthetic", "--atlas", pair(study, "S01")) == 2
    assert command(study, [image], out, "--atlas", f"{image}:{tmp_path / 'absent.nii.gz'}") == 66
    small = tmp_path / "small.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), np.eye(4)), small)
    assert command(study, [image], out, "--atlas", f"{image}:{small}") == 65
    assert list(out.iterdir()) == []
