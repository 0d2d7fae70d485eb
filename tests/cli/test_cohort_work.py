"""Many images and many pairs: workers give one process's bits, shards the whole, and what is done is left alone."""

import csv
import json
import os

import pytest


@pytest.fixture
def options(study):
    return ["--model", study / "run", "--device", "cpu", "--precision", "float32", "--affine", "none"]


@pytest.fixture
def atlas(study):
    return ["--atlas", "synthetic", "--cache", study / "cache"]


@pytest.fixture
def segment(contreg, study, options, atlas):
    images = [study / f"S0{number}.nii.gz" for number in (1, 2, 3)]
    return lambda output, *more: contreg("segment", *images, "-o", output, *atlas, *options, *more)


@pytest.fixture
def register(contreg, options):
    return lambda pairs, output, *more: contreg("register", "--pairs", pairs, "-o", output, *options, *more)


@pytest.fixture
def pairs(study, tmp_path):
    """Two pairs of the same file names in other folders, as studies have them, and one with labels."""
    for name in ("S01", "S02", "S03"):
        (tmp_path / name).mkdir()
        os.link(study / f"{name}.nii.gz", tmp_path / name / "T1.nii.gz")
    os.link(study / "S01_labels.nii.gz", tmp_path / "S01" / "labels.nii.gz")
    rows = [
        ("id", "moving", "fixed", "moving_labels"),
        ("one", "S01/T1.nii.gz", "S03/T1.nii.gz", "S01/labels.nii.gz"),
        ("two", "S02/T1.nii.gz", "S03/T1.nii.gz", ""),
    ]
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return tmp_path / "pairs.csv"


def volumes(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.nii.gz"))}


def counts(contreg, folder):
    found = json.loads(contreg("status", folder, "--json").out)
    return [len(found[kind]) for kind in ("done", "failed", "missing")]


def test_images_on_workers_and_in_shards(contreg, segment, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert segment(tmp_path / "one").code == 0
    assert segment(tmp_path / "two", "--workers", "2").code == 0
    for number, part in enumerate(("2/3", "3/3", "1/3"), start=1):
        assert segment(tmp_path / "parts", "--shard", part).code == 0
        assert counts(contreg, tmp_path / "parts") == [number, 0, 3 - number]
    assert len(volumes(tmp_path / "one")) == 3
    assert volumes(tmp_path / "one") == volumes(tmp_path / "two") == volumes(tmp_path / "parts")


def test_what_is_done_is_left_alone_until_something_changes(segment, tmp_path):
    assert "3 segmented, 0 there already" in segment(tmp_path).out
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*_dseg.nii.gz")}
    assert "0 segmented, 3 there already" in segment(tmp_path, "--workers", "2").out
    assert before == {path: path.stat().st_mtime_ns for path in before}
    (tmp_path / "S02_volumes.csv").unlink()
    assert "1 segmented, 2 there already" in segment(tmp_path).out
    assert "3 segmented, 0 there already" in segment(tmp_path, "--label-mode", "nearest").out


def test_a_list_of_images_with_names_of_its_own(contreg, pairs, options, atlas, tmp_path):
    listed = tmp_path / "images.csv"
    listed.write_text("image,id\nS01/T1.nii.gz,first\nS02/T1.nii.gz,second\n")
    output = tmp_path / "out"
    result = contreg("segment", "--images", listed, "-o", output, *atlas, *options)
    assert result.code == 0
    assert sorted(path.name for path in output.glob("*_dseg.nii.gz")) == [
        "first_dseg.nii.gz",
        "second_dseg.nii.gz",
    ]
    assert contreg("segment", "-o", output, *atlas, *options).code == 2


def test_pairs_get_a_folder_each_the_same_on_workers(contreg, register, pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    result = register(pairs, tmp_path / "a")
    assert result.code == 0
    assert "2 registered, 0 there already" in result.out
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["one", "two", "work.jsonl"]
    assert len(list((tmp_path / "a" / "one").glob("*_labels.nii.gz"))) == 1
    assert register(pairs, tmp_path / "b", "--workers", "2").code == 0
    assert volumes(tmp_path / "a") == volumes(tmp_path / "b")
    assert counts(contreg, tmp_path / "b") == [2, 0, 0]
    assert "0 registered, 2 there already" in register(pairs, tmp_path / "a").out


def test_a_bad_pair_fails_alone_and_is_counted(contreg, register, pairs, tmp_path):
    image = tmp_path / "S02" / "T1.nii.gz"
    whole = image.read_bytes()
    image.unlink()
    image.write_bytes(whole[:-200])
    result = register(pairs, tmp_path / "out")
    assert result.code == 3
    assert "1 of 2 pairs failed: two" in result.error
    assert str(image) in result.err
    assert counts(contreg, tmp_path / "out") == [1, 1, 0]
    image.write_bytes(whole)
    assert register(pairs, tmp_path / "out").code == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("moving,fixed\n", "no row"),
        ("moving\na.nii\n", "lacks fixed"),
        ("moving,fixed\na.nii,\n", "no fixed"),
        ("moving,fixed,id\na.nii,b.nii,../x\n", "cannot name a file"),
        ("moving,fixed,id\na.nii,b.nii,x\nc.nii,b.nii,X\n", "more than once"),
        ("moving,fixed\nx/T1.nii,y/a.nii\nz/T1.nii,y/a.nii\n", "more than once"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(register, tmp_path, text, found):
    (tmp_path / "pairs.csv").write_text(text)
    result = register(tmp_path / "pairs.csv", tmp_path / "out")
    assert result.code == 65
    assert found in result.error


def test_one_pair_or_a_list(contreg, register, study, pairs, tmp_path):
    image = study / "S01.nii.gz"
    assert contreg("register", "-o", tmp_path).code == 2
    assert contreg("register", image, "-o", tmp_path).code == 2
    assert register(pairs, tmp_path, image, image).code == 2


def test_a_single_image_of_a_job_array_is_not_cut_to_its_part(
    contreg, study, options, atlas, tmp_path, monkeypatch
):
    """Scripts that give every task its own file are older than shards."""
    for name, value in {"ID": "3", "COUNT": "5", "MIN": "1", "MAX": "9"}.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    result = contreg("segment", study / "S03.nii.gz", "-o", tmp_path, *atlas, *options)
    assert result.code == 0
    assert (tmp_path / "S03_dseg.nii.gz").exists()
    assert "part" not in result.err
