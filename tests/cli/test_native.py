"""Files as scanners and other programs leave them, through ``register``, ``segment`` and ``warp``."""

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from contreg_core.inference.images import brain_mask


def load(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


@pytest.fixture
def options(study: Path) -> list[object]:
    return ["--model", study / "run", "--device", "cpu", "--precision", "float32"]


@pytest.fixture
def elsewhere(study: Path, tmp_path: Path) -> Path:
    """The first image and its labels, the head turned and 120 mm away."""
    place = np.eye(4)
    place[:2, :2] = [[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]]
    place[0, 3] = 120
    for name in ("S01", "S01_labels"):
        image = nib.load(study / f"{name}.nii.gz")
        nib.save(
            nib.Nifti1Image(np.asarray(image.dataobj), place @ image.affine), tmp_path / f"{name}.nii.gz"
        )
    return tmp_path / "S01.nii.gz"


def test_an_mgz_registers_as_its_nifti_twin(contreg, study: Path, options: list, tmp_path: Path) -> None:
    image = nib.load(study / "S01.nii.gz")
    twin = tmp_path / "S01.mgz"
    nib.MGHImage(np.asarray(image.dataobj, np.float32), image.affine).to_filename(twin)
    for name, moving in (("nii", study / "S01.nii.gz"), ("mgz", twin)):
        result = contreg("register", moving, study / "S02.nii.gz", "-o", tmp_path / name, *options)
        assert result.code == 0, result.err
    names = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("nii", "mgz")]
    assert names[0] == names[1]
    warped = [load(next((tmp_path / name).glob("*_warped.nii.gz"))) for name in ("nii", "mgz")]
    assert np.allclose(*warped, atol=1e-3 * np.ptp(warped[0]))


def test_analyze_needs_a_word_about_its_axes(contreg, study: Path, options: list, tmp_path: Path) -> None:
    image = nib.load(study / "S01.nii.gz")
    plain = nib.AnalyzeImage(np.asarray(image.dataobj, np.float32), np.diag([8.0, 8, 8, 1]))
    plain.to_filename(tmp_path / "S01.hdr")
    pair = [tmp_path / "S01.hdr", study / "S02.nii.gz", "-o", tmp_path / "out", *options]
    refused = contreg("register", *pair)
    assert refused.code == 65
    assert "--assume-orientation" in refused.error
    codes = "".join(nib.aff2axcodes(image.affine))
    assert contreg("register", *pair, "--assume-orientation", codes.lower()).code == 0
    record = json.loads(next((tmp_path / "out").glob("*to-S02*.json")).read_text())
    assert record["moving"]["axes"] == codes
    assert f"orientation {codes} assumed" in record["moving"]["notes"]
    assert contreg("register", *pair, "--assume-orientation", "RAX").code == 2


def test_one_volume_of_many(contreg, study: Path, options: list, tmp_path: Path) -> None:
    image = nib.load(study / "S01.nii.gz")
    whole = np.stack([np.asarray(image.dataobj)[::-1], np.asarray(image.dataobj)], axis=-1)
    nib.save(nib.Nifti1Image(whole, image.affine), tmp_path / "S01.nii.gz")
    pair = [tmp_path / "S01.nii.gz", study / "S02.nii.gz", "-o", tmp_path / "out", *options]
    assert "--volume" in contreg("register", *pair).error
    assert contreg("register", *pair, "--volume", 1).code == 0
    assert contreg("register", *pair, "--volume", 2).code == 65


def test_references_are_aligned_to_the_image(
    contreg, study: Path, elsewhere: Path, options: list, tmp_path: Path
) -> None:
    atlas = f"{elsewhere}:{elsewhere.with_name('S01_labels.nii.gz')}"
    for name, more in (("believed", ["--affine", "none"]), ("aligned", [])):
        contreg("segment", study / "S02.nii.gz", "-o", tmp_path / name, "--atlas", atlas, *options, *more)
    assert not (tmp_path / "believed" / "S02_dseg.nii.gz").exists()
    record = json.loads((tmp_path / "aligned" / "S02_dseg.json").read_text())
    (reference,) = record["references"]
    assert reference["affine_ras"][0][3] == pytest.approx(120, abs=8)
    found, truth = load(tmp_path / "aligned" / "S02_dseg.nii.gz"), load(study / "S02_labels.nii.gz")
    assert ((found > 0) == (truth > 0)).mean() > 0.9


def test_the_nearest_reference_is_found_wherever_it_lies(
    contreg, study: Path, elsewhere: Path, options: list, tmp_path: Path
) -> None:
    """The image itself, stored elsewhere, is nearer than another head in the right place."""
    near = f"{elsewhere}:{elsewhere.with_name('S01_labels.nii.gz')}"
    other = f"{study / 'S03.nii.gz'}:{study / 'S03_labels.nii.gz'}"
    command = ["segment", study / "S01.nii.gz", "-o", tmp_path / "out", *options, "--references", 1]
    result = contreg(*command, "--atlas", other, "--atlas", near)
    assert result.code == 0, result.err
    (chosen,) = json.loads((tmp_path / "out" / "S01_dseg.json").read_text())["references"]
    assert chosen["name"] == "S01.nii.gz"


def test_names_and_colours_are_kept(
    contreg, study: Path, elsewhere: Path, options: list, tmp_path: Path
) -> None:
    labels = elsewhere.with_name("S01_labels.nii.gz")
    ids = [int(label) for label in np.unique(load(labels)) if label]
    rows = [f"{label} region-{label} {label % 256} 0 9 0" for label in ids]
    labels.with_name("S01_labels.ctab").write_text("\n".join(rows) + "\n")
    command = ["segment", study / "S02.nii.gz", "--atlas", f"{elsewhere}:{labels}", *options]
    assert contreg(*command, "-o", tmp_path / "out").code == 0
    with (tmp_path / "out" / "S02_dseg.tsv").open() as stream:
        table = {int(row["index"]): row for row in csv.DictReader(stream, delimiter="\t")}
    assert set(table) == set(ids)
    assert table[ids[0]]["name"] == f"region-{ids[0]}"
    assert table[ids[0]]["color"] == f"#{ids[0] % 256:02x}0009"
    with (tmp_path / "out" / "S02_volumes.csv").open() as stream:
        assert next(csv.DictReader(stream))["name"] == f"region-{ids[0]}"
    named = tmp_path / "other.csv"
    named.write_text("index,name\n" + "\n".join(f"{label},x{label}" for label in ids) + "\n")
    assert contreg(*command, "-o", tmp_path / "named", "--label-table", named).code == 0
    assert f"x{ids[0]}" in (tmp_path / "named" / "S02_dseg.tsv").read_text()
    named.write_text("nothing\n")
    assert contreg(*command, "-o", tmp_path / "bad", "--label-table", named).code == 65


def test_masks_take_the_place_of_extraction(contreg, study: Path, options: list, tmp_path: Path) -> None:
    """A skull around the moving brain changes nothing but the warped image."""
    image = nib.load(study / "S01.nii.gz")
    brain = np.asarray(image.dataobj)
    skull = np.where(brain_mask(brain), brain, 2 * brain.max())
    nib.save(nib.Nifti1Image(skull, image.affine), tmp_path / "S01.nii.gz")
    for name, array in (("mask", brain_mask(brain)), ("nothing", np.zeros(brain.shape))):
        nib.save(nib.Nifti1Image(array.astype(np.uint8), image.affine), tmp_path / f"{name}.nii.gz")
    fixed = study / "S02.nii.gz"
    plain = contreg("register", study / "S01.nii.gz", fixed, "-o", tmp_path / "plain", *options)
    whole = ["register", tmp_path / "S01.nii.gz", fixed, *options, "--moving-mask"]
    masked = contreg(*whole, tmp_path / "mask.nii.gz", "-o", tmp_path / "masked")
    assert plain.code == masked.code == 0, masked.err
    fields = [load(next((tmp_path / n).glob("*to-S02*xfm.nii.gz"))) for n in ("plain", "masked")]
    assert np.allclose(*fields, atol=0.2)
    assert contreg(*whole, tmp_path / "nothing.nii.gz", "-o", tmp_path / "empty").code == 65
