"""A recipe that comes with its weights is named as one that needs no training, and used as the model file it is."""

import json

import pytest

import contreg as library
from contreg_core.checkpoint import read_checkpoint
from contreg_core.volume import read_volume
from contreg_plugins import recipes

NAME = "voxelmorph/mse"


@pytest.fixture
def shipped(contreg, study, tmp_path, monkeypatch):
    """The tiny run's model, as if it came with its recipe; weights of 8 bits."""
    file = tmp_path / "shipped.safetensors"
    assert contreg("export", study / "run", file, "--bits", "8", "--licence", "Apache-2.0").code == 0
    monkeypatch.setattr(recipes, "weights", lambda: {NAME: file})
    return file


def test_register_and_segment_by_name(contreg, study, shipped, tmp_path):
    moving, fixed = (study / f"{name}.nii.gz" for name in ("S01", "S03"))
    atlas = f"{moving}:{study / 'S01_labels.nii.gz'}"
    for model, out in ((NAME, tmp_path / "a"), (shipped, tmp_path / "b")):
        common = ["-o", out, "--model", model, "--device", "cpu"]
        done = contreg("register", moving, fixed, *common)
        assert done.code == 0, done.err
        assert contreg("segment", fixed, *common, "--atlas", atlas).code == 0
    found = sorted((tmp_path / "a").glob("*_warped.nii.gz"))
    assert found
    for written in found:
        one, other = (read_volume(tmp_path / x / written.name, kind="image").array for x in "ab")
        assert (one == other).all()


def test_from_python(study, shipped):
    model = library.load(NAME, device="cpu")
    result = model.register(study / "S01.nii.gz", study / "S03.nii.gz")
    assert result.warped.shape == read_volume(study / "S03.nii.gz", kind="image").array.shape


def test_a_folder_that_is_called_so_and_is_no_run_is_not_in_the_way(
    contreg, study, shipped, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAME).mkdir(parents=True)
    pair = [study / "S01.nii.gz", study / "S03.nii.gz"]
    done = contreg("register", *pair, "--model", NAME, "-o", tmp_path / "out", "--device", "cpu")
    assert done.code == 0, done.err


def test_its_settings_are_its_own(contreg, study, shipped, tmp_path):
    pair = [study / "S01.nii.gz", study / "S03.nii.gz"]
    refused = contreg("register", *pair, "--model", NAME, "-s", "loss.mse.weight=2", "-o", tmp_path / "out")
    assert refused.code == 2


def test_a_training_starts_from_it(contreg, study, shipped, tmp_path):
    own = ["--model", shipped, "--data", "synthetic", "--cache", study / "cache", "--device", "cpu"]
    for name, init in (("a", NAME), ("b", shipped)):
        done = contreg("fit", *own, "--init", init, "--run", tmp_path / name, "--steps", "1")
        assert done.code == 0, done.err
        told = json.loads((tmp_path / name / "run.json").read_text())
        assert told["initial"] == read_checkpoint(shipped).record["sha256"]


def test_show_tells_of_its_weights(contreg, shipped):
    said = contreg("show", NAME).out
    assert "Apache-2.0" in said
    assert read_checkpoint(shipped).record["sha256"] in said
    assert json.loads(contreg("show", NAME, "--json").out)["weights"]["licence"] == "Apache-2.0"


def test_what_is_no_model_is_told_what_needs_no_training(contreg, study, shipped, tmp_path):
    pair = [study / "S01.nii.gz", study / "S03.nii.gz"]
    missing = contreg("register", *pair, "--model", "nothing", "-o", tmp_path / "out")
    assert missing.code == 66
    assert NAME in missing.err


def test_a_model_of_16_bits_is_half_as_large(contreg, study, tmp_path):
    files = {bits: tmp_path / f"m{bits}.safetensors" for bits in ("32", "16", "8")}
    sizes = {}
    for bits, file in files.items():
        assert contreg("export", study / "run", file, "--bits", bits).code == 0
        tensors = read_checkpoint(file).tensors
        sizes[bits] = sum(value.numel() * value.element_size() for value in tensors.values())
    assert sizes["16"] == sizes["32"] / 2
    assert files["8"].stat().st_size < files["16"].stat().st_size < files["32"].stat().st_size
