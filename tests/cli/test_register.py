"""``contreg register`` from end to end: a tiny trained run, real files, what lies in the folder afterwards."""

import hashlib
import json

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from contreg_cli.main import run

SIZE = (20, 24, 20)


def stored_as(path, codes, target):
    """The same image, its array axes in another order."""
    image = nib.load(path)
    turned = image.as_reoriented(ornt_transform(io_orientation(image.affine), axcodes2ornt(codes)))
    nib.save(turned, target)


def command(study, moving, fixed, output, *more):
    options = ["-o", str(output), "--model", str(study / "run"), "--device", "cpu", "--precision", "float32"]
    return run(["register", str(moving), str(fixed), *options, *more])


@pytest.mark.parametrize("codes", ["RAS", "PIL"])
def test_the_file_set(study, tmp_path, codes, capsys):
    fixed = tmp_path / "target.nii.gz"
    stored_as(study / "S03.nii.gz", codes, fixed)
    labels = study / "S01_labels.nii.gz"
    assert command(study, study / "S01.nii.gz", fixed, tmp_path / "out", "--moving-labels", str(labels)) == 0
    said = capsys.readouterr()
    assert "NCC" in said.out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    forward, back = "S01_from-S01_to-target_mode-image_xfm", "S01_from-target_to-S01_mode-image_xfm"
    assert names == {
        "S01_from-S01_to-target_warped.nii.gz",
        "S01_from-S01_to-target_labels.nii.gz",
        "SHA256SUMS",
        *(f"{name}.{suffix}" for name in (forward, back) for suffix in ("nii.gz", "json")),
    }
    reference = nib.load(fixed)
    for name in ("warped", "labels"):
        image = nib.load(tmp_path / "out" / f"S01_from-S01_to-target_{name}.nii.gz")
        assert image.shape == reference.shape
        assert np.allclose(image.affine, reference.affine, atol=1e-5)
    ids = set(np.unique(nib.load(labels).dataobj))
    carried = np.asarray(image.dataobj)
    assert carried.dtype.kind == "u"
    assert len(set(np.unique(carried))) > 10
    assert set(np.unique(carried)) <= ids
    assert nib.load(tmp_path / "out" / f"{back}.nii.gz").shape == (*SIZE, 1, 3)


def test_itk_gets_the_same_warped_image(study, tmp_path):
    fixed = tmp_path / "target.nii.gz"
    stored_as(study / "S03.nii.gz", "LPS", fixed)
    assert command(study, study / "S01.nii.gz", fixed, tmp_path) == 0
    field = SimpleITK.ReadImage(str(tmp_path / "S01_from-S01_to-target_mode-image_xfm.nii.gz"))
    transform = SimpleITK.DisplacementFieldTransform(SimpleITK.Cast(field, SimpleITK.sitkVectorFloat64))
    moving = SimpleITK.ReadImage(str(study / "S01.nii.gz"))
    target = SimpleITK.ReadImage(str(fixed))
    theirs = SimpleITK.GetArrayFromImage(
        SimpleITK.Resample(moving, target, transform, SimpleITK.sitkLinear, 0.0)
    ).T
    ours = np.asarray(nib.load(tmp_path / "S01_from-S01_to-target_warped.nii.gz").dataobj)
    assert np.abs(theirs - ours)[1:-1, 1:-1, 1:-1].max() <= 1e-4 * np.ptp(ours)


def test_the_sidecar_explains(study, tmp_path):
    moving, fixed, labels = study / "S01.nii.gz", study / "S03.nii.gz", study / "S01_labels.nii.gz"
    assert command(study, moving, fixed, tmp_path, "--seed", "3", "--moving-labels", str(labels)) == 0
    record = json.loads((tmp_path / "S01_from-S01_to-S03_mode-image_xfm.json").read_text())
    for role, path in (("moving", moving), ("fixed", fixed)):
        assert record[role]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert record[role]["shape"] == list(SIZE)
        assert np.allclose(record[role]["affine"], nib.load(path).affine)
    assert "1007" in record["convention"]
    assert "LPS" in record["convention"]
    assert record["direction"] == "p + u(p): points of the fixed image to points of the moving image"
    assert record["inverse"] == "S01_from-S03_to-S01_mode-image_xfm.nii.gz"
    assert record["model"]["recipe"] == "voxelmorph/mse"
    assert len(record["model"]["checkpoint_sha256"]) == 64
    assert record["seed"] == 3
    assert record["labels"] == {
        "file": labels.name,
        "sha256": hashlib.sha256(labels.read_bytes()).hexdigest(),
    }
    assert record["GeneratedBy"] == [{"Name": "contreg", "Version": record["provenance"]["contreg"]}]
    assert record["Sources"] == ["S01.nii.gz", "S03.nii.gz"]
    assert record["provenance"]["finished"] >= record["provenance"]["started"]
    assert record["provenance"]["exit_code"] == 0
    assert {"ncc_before", "ncc_after", "folding_percent", "displacement_mm", "overlap_before"} <= set(
        record["quality"]
    )


def test_same_command_same_bytes(study, tmp_path):
    for name in ("a", "b"):
        assert command(study, study / "S01.nii.gz", study / "S02.nii.gz", tmp_path / name) == 0
    for path in (tmp_path / "a").glob("*.nii.gz"):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_failures_end_with_a_line_and_a_code(study, tmp_path, capsys):
    moving = study / "S01.nii.gz"
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(moving.read_bytes()[:-300])
    assert command(study, moving, cut, tmp_path / "out") == 65
    assert command(study, moving, tmp_path / "absent.nii.gz", tmp_path / "out") == 66
    assert command(study, moving, study / "S02.nii.gz", tmp_path / "out", "--moving-labels", str(cut)) == 65
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["failures.jsonl"]
    assert (
        run(["register", str(moving), str(moving), "-o", str(tmp_path), "--model", str(tmp_path / "no")])
        == 66
    )
    (tmp_path / "file").touch()
    assert command(study, moving, moving, tmp_path / "file") == 73
    said = capsys.readouterr().err
    assert said.count("error") == 5
    assert "Traceback" not in said


def test_poor_overlap_is_said(study, tmp_path, capsys):
    image = nib.load(study / "S01.nii.gz")
    image.affine[0, 3] += 60
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), image.affine), tmp_path / "moved.nii.gz")
    pair = tmp_path / "moved.nii.gz", study / "S01.nii.gz"
    assert command(study, *pair, tmp_path / "believed", "--affine", "none") == 0
    assert "overlap poorly" in capsys.readouterr().err
    assert command(study, *pair, tmp_path / "aligned") == 0
    assert "overlap poorly" not in capsys.readouterr().err
    sidecar = next((tmp_path / "aligned").glob("*to-S01*xfm.json"))
    assert json.loads(sidecar.read_text())["affine_ras"][0][3] == pytest.approx(60, abs=1)


@pytest.mark.parametrize("form", ["ras", "fsl", "spm", "h5"])
def test_fields_in_the_conventions_of_other_tools(study, tmp_path, form):
    pair = study / "S01.nii.gz", study / "S03.nii.gz"
    assert command(study, *pair, tmp_path / "itk") == 0
    assert command(study, *pair, tmp_path / form, "--field-format", form) == 0
    suffix = "h5" if form == "h5" else "nii.gz"
    name = "S01_from-S01_to-S03_mode-image_xfm"
    output = tmp_path / "again.nii.gz"
    more = ["--moving", str(pair[0]), "-o", str(output)]
    assert run(["warp", str(pair[0]), "-t", str(tmp_path / form / f"{name}.{suffix}"), *more]) == 0
    first = nib.load(tmp_path / "itk" / "S01_from-S01_to-S03_warped.nii.gz").get_fdata()
    apart = np.abs(nib.load(output).get_fdata() - first)[1:-1, 1:-1, 1:-1]
    assert apart.max() < 1e-3 * np.ptp(first)


def sheared_copy(path, target):
    """The same voxels on axes that are not at right angles; which the header alone can say."""
    image = nib.load(path)
    affine = image.affine @ np.array([[1, 0.08, 0, 0], [0, 0.99, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), affine), target)
    return target


@pytest.mark.parametrize("form", ["itk", "h5"])
@pytest.mark.parametrize("grid", ["fixed", "working"])
def test_itk_reads_both_fields_of_a_sheared_pair(study, tmp_path, form, grid):
    fixed = sheared_copy(study / "S03.nii.gz", tmp_path / "target.nii.gz")
    options = ("--field-format", form, "--field-grid", grid)
    assert command(study, study / "S01.nii.gz", fixed, tmp_path / "out", *options) == 0
    suffix = "h5" if form == "h5" else "nii.gz"
    maps = {}
    for path in (tmp_path / "out").glob(f"*_xfm.{suffix}"):
        if form == "h5":
            maps[path.name] = SimpleITK.ReadTransform(str(path))
        else:
            field = SimpleITK.ReadImage(str(path), SimpleITK.sitkVectorFloat64)
            maps[path.name] = SimpleITK.DisplacementFieldTransform(field)
    forward = maps[f"S01_from-S01_to-target_mode-image_xfm.{suffix}"]
    back = maps[f"S01_from-target_to-S01_mode-image_xfm.{suffix}"]
    image = nib.load(fixed)
    index = np.argwhere(np.asarray(image.dataobj) > 0)[::50]
    points = (index @ image.affine[:3, :3].T + image.affine[:3, 3]) * (-1, -1, 1)
    there = [forward.TransformPoint(point) for point in points.tolist()]
    again = np.array([back.TransformPoint(point) for point in there])
    apart = np.linalg.norm(again - points, axis=1)
    assert np.median(apart) < 0.5  # of voxels of 8 mm
    assert np.median(np.linalg.norm(np.array(there) - points, axis=1)) > 1
    told = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*_xfm.json")]
    words = "a box around the fixed" if grid == "fixed" else "the model's, around the fixed"
    assert any(one["grid"].startswith(words) for one in told)


def test_each_json_is_of_its_field(study, tmp_path):
    assert command(study, study / "S01.nii.gz", study / "S03.nii.gz", tmp_path / "out") == 0
    for path in (tmp_path / "out").glob("*_xfm.json"):
        told = json.loads(path.read_text())["field"]
        content = (path.parent / told["file"]).read_bytes()
        assert told["file"] == f"{path.stem}.nii.gz"
        assert told["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(("options", "value"), [((), -1024.0), (("--background", "-5"), -5.0)])
def test_where_the_moving_image_does_not_reach_is_its_air(study, tmp_path, options, value):
    image = nib.load(study / "S01.nii.gz")
    array = np.asarray(image.dataobj)[4:, :, :]  # the fixed grid is larger
    inside = array > 0
    head = np.where(inside, array / array.max() * 57, -1024).astype(np.float32)
    affine = image.affine.copy()
    affine[:3, 3] += 4 * affine[:3, 0]
    nib.save(nib.Nifti1Image(head, affine), tmp_path / "ct.nii.gz")
    nib.save(nib.Nifti1Image(inside.astype(np.uint8), affine), tmp_path / "mask.nii.gz")
    more = ("--moving-mask", str(tmp_path / "mask.nii.gz"), "--affine", "none", *options)
    assert command(study, tmp_path / "ct.nii.gz", study / "S03.nii.gz", tmp_path / "out", *more) == 0
    (path,) = (tmp_path / "out").glob("*_warped.nii.gz")
    warped = np.asarray(nib.load(path).dataobj)
    assert (warped[0] == value).mean() > 0.9
    assert not (warped == 0).any()
