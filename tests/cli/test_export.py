"""A run as one file: what is in it, that it predicts as the run does, that damage and clashes are found."""

import json
import shutil

import pytest
from safetensors import safe_open

from contreg_core.checkpoint import read_checkpoint
from contreg_core.volume import read_volume


@pytest.fixture(scope="module")
def evaluated(trained, cache, tmp_path_factory):
    """A copy of the tiny run with an evaluation."""
    from contreg_cli.main import run

    left = shutil.ignore_patterns("evaluation")  # what other tests made of the same run
    folder = shutil.copytree(trained, tmp_path_factory.mktemp("evaluated") / "run", ignore=left)
    assert run(["evaluate", str(folder), "--cache", str(cache), "--limit", "1", "--device", "cpu"]) == 0
    return folder


@pytest.fixture(scope="module")
def file(evaluated, tmp_path_factory):
    from contreg_cli.main import run

    path = tmp_path_factory.mktemp("out") / "model.safetensors"
    told = ["--licence", "CC-BY-4.0", "--notes", "tiny"]
    assert run(["export", str(evaluated), str(path), *told]) == 0
    return path


def test_it_holds_only_the_best_weights_and_all_that_is_known_of_them(file, evaluated):
    with safe_open(file, "pt") as opened:
        assert {name.partition("/")[0] for name in opened.keys()} == {"model"}  # noqa: SIM118
    best = read_checkpoint(evaluated / "checkpoints" / "best.safetensors")
    record = read_checkpoint(file).record
    assert record["recipe"] == best.record["recipe"]
    assert record["data"] == best.record["data"]
    assert {label["id"] for label in record["labels"]} > {21, 22}
    export = record["export"]
    assert export["checkpoint_sha256"] == best.record["sha256"]
    assert (export["licence"], export["notes"]) == ("CC-BY-4.0", "tiny")
    assert export["provenance"]["packages"]["torch"]
    written = json.loads((evaluated / "evaluation/synthetic-contreg-test/summary.json").read_text())
    assert export["evaluations"] == {"synthetic-contreg-test": written}


def test_show_tells_it_to_people_and_programs(contreg, file):
    model = json.loads(contreg("show", file, "--json").out)
    assert (model["kind"], model["name"], model["licence"]) == ("model", "contrastive-vae", "CC-BY-4.0")
    assert model["values"] == sum(value.numel() for value in read_checkpoint(file).tensors.values())
    text = contreg("show", file).out
    for said in (model["sha256"], "CC-BY-4.0", "tiny", "synthetic/contreg", f"{model['values']:,} values"):
        assert said in text


def test_show_tells_of_a_run_folder_too(contreg, trained):
    model = json.loads(contreg("show", trained, "--json").out)
    assert model["file"] == "best.safetensors"
    assert model["evaluations"] == {}


def test_evaluate_scores_the_file_as_it_scores_the_run(contreg, file, evaluated, cache):
    options = ["--cache", cache, "--limit", "1", "--device", "cpu", "--json"]
    again = json.loads(contreg("evaluate", file, *options).out)
    first = json.loads((evaluated / "evaluation/synthetic-contreg-test/summary.json").read_text())
    assert again["dice"] == first["dice"]
    assert again["checkpoint_sha256"] == read_checkpoint(file).record["sha256"] != first["checkpoint_sha256"]
    assert (file.with_suffix("") / "evaluation/synthetic-contreg-test/pairs.csv").is_file()


def test_register_and_segment_take_the_file_as_they_take_the_run(contreg, study, tmp_path):
    file = tmp_path / "model.safetensors"
    assert contreg("export", study / "run", file).code == 0
    moving, fixed = (study / f"{name}.nii.gz" for name in ("S01", "S03"))
    for model, out in ((study / "run", tmp_path / "a"), (file, tmp_path / "b")):
        common = ["-o", out, "--model", model, "--device", "cpu"]
        assert contreg("register", moving, fixed, *common).code == 0
        atlas = f"{moving}:{study / 'S01_labels.nii.gz'}"
        assert contreg("segment", fixed, *common, "--atlas", atlas).code == 0
    for written in sorted((tmp_path / "a").glob("*.nii.gz")):
        kind = "labels" if "dseg" in written.name else "image"
        if "xfm" not in written.name:
            one, other = (read_volume(tmp_path / x / written.name, kind=kind).array for x in "ab")
            assert (one == other).all(), written.name


def test_prepare_and_show_take_the_recipe_in_it(contreg, file, tmp_path):
    told = contreg("evaluate", file, "--data", "lpba40", "--cache", tmp_path)
    assert told.code == 66
    assert f"--model {file}" in told.error
    refused = contreg(
        "prepare", "--data", "lpba40", "--source", tmp_path, "--cache", tmp_path, "--model", file
    )
    assert refused.code == 66  # the recipe was read; the empty folder is what is wrong


def test_one_flipped_bit_is_found(contreg, file, tmp_path):
    damaged = tmp_path / "damaged.safetensors"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    damaged.write_bytes(content)
    for command in (["show", damaged], ["evaluate", damaged]):
        result = contreg(*command)
        assert result.code == 65
        assert "does not have the recorded SHA-256" in result.error


def test_figures_of_other_weights_are_left_out_and_said(contreg, evaluated, tmp_path):
    run = shutil.copytree(evaluated, tmp_path / "run")
    summary = run / "evaluation/synthetic-contreg-test/summary.json"
    summary.write_text(json.dumps({**json.loads(summary.read_text()), "checkpoint_sha256": "0" * 64}))
    result = contreg("export", run, tmp_path / "model.safetensors")
    assert "evaluation synthetic-contreg-test is left out" in result.err
    assert read_checkpoint(tmp_path / "model.safetensors").record["export"]["evaluations"] == {}


def test_what_is_there_is_not_written_over(contreg, evaluated, file):
    before = file.read_bytes()
    result = contreg("export", evaluated, file)
    assert result.code == 73
    assert "there is such a file already" in result.error
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "found"),
    [
        (["nowhere", "model.safetensors"], 66, "nowhere: no such run folder"),
        ([".", "model.safetensors"], 66, "no checkpoint in this folder"),
        ([".", "model.pt"], 2, "expected a name that ends in .safetensors"),
    ],
)
def test_what_cannot_be_exported(contreg, tmp_path, monkeypatch, arguments, code, found):
    monkeypatch.chdir(tmp_path)
    result = contreg("export", *arguments)
    assert result.code == code
    assert found in result.error


def test_a_report_is_made_of_the_run(contreg, file):
    result = contreg("report", file)
    assert result.code == 2
    assert f"contreg show {file}" in result.error
