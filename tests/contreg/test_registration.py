"""``contreg.register`` on files, nibabel and SimpleITK images and arrays: one pair, one answer."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

import contreg
from contreg_cli.main import run
from tests.contreg.conftest import QUICK

HOW = {"model": "logdemons", "settings": QUICK, "device": "cpu", "precision": "float32"}


def voxels(image: nib.Nifti1Image) -> np.ndarray:
    return np.asarray(image.dataobj)


@pytest.fixture(scope="module")
def result(brains: Path) -> contreg.RegistrationResult:
    return contreg.register(
        brains / "moving.nii.gz",
        brains / "fixed.nii.gz",
        moving_labels=brains / "moving_labels.nii.gz",
        **HOW,
    )


def test_the_answer_is_better_than_none_and_lies_on_the_fixed_grid(
    result: contreg.RegistrationResult, brains: Path
) -> None:
    fixed = nib.load(brains / "fixed.nii.gz")
    assert isinstance(result.warped, nib.Nifti1Image)
    assert result.warped.shape == fixed.shape
    assert np.allclose(result.warped.affine, fixed.affine)
    assert result.quality.ncc_after > result.quality.ncc_before
    truth = voxels(nib.load(brains / "fixed_labels.nii.gz"))
    before = voxels(nib.load(brains / "moving_labels.nii.gz"))
    assert (voxels(result.labels) == truth).mean() > (before == truth).mean()


def test_an_image_gives_one_answer_however_it_comes(result: contreg.RegistrationResult, brains: Path) -> None:
    files = brains / "moving.nii.gz", brains / "fixed.nii.gz"
    expected = voxels(result.warped)
    opened = contreg.register(*map(nib.load, files), **HOW)
    assert np.array_equal(voxels(opened.warped), expected)
    read = contreg.register(*(sitk.ReadImage(str(path)) for path in files), **HOW)
    assert isinstance(read.warped, sitk.Image)
    assert np.array_equal(sitk.GetArrayFromImage(read.warped).T, expected)
    assert np.allclose(read.warped.GetOrigin(), sitk.ReadImage(str(files[1])).GetOrigin())
    arrays = contreg.register(*((nib.load(path).get_fdata(), nib.load(path).affine) for path in files), **HOW)
    assert isinstance(arrays.warped, np.ndarray)
    assert np.array_equal(arrays.warped, expected)


def test_the_shell_gives_the_same_files(
    result: contreg.RegistrationResult, brains: Path, tmp_path: Path
) -> None:
    saved = result.save(tmp_path / "python")
    assert all(path.is_file() for path in saved)
    settings = ["--model", "logdemons", "--device", "cpu", "--precision", "float32"]
    labels = ["--moving-labels", str(brains / "moving_labels.nii.gz")]
    pair = [str(brains / "moving.nii.gz"), str(brains / "fixed.nii.gz")]
    assert run(["register", *pair, "-o", str(tmp_path / "shell"), *settings, *labels]) == 0
    names = [sorted(path.name for path in (tmp_path / one).glob("*from*")) for one in ("python", "shell")]
    assert names[0] == names[1]
    assert run(["verify", str(tmp_path / "python")]) == 0


def test_labels_images_and_points_go_through_the_same_map(
    result: contreg.RegistrationResult, brains: Path
) -> None:
    carried = result.warp(brains / "moving_labels.nii.gz")
    assert np.array_equal(voxels(carried), voxels(result.labels))
    again = result.warp(nib.load(brains / "moving.nii.gz"), kind="image")
    assert np.array_equal(voxels(again), voxels(result.warped))
    points = np.array([[0.0, 0, 0], [20, -30, 15], [-25, 10, 20]])
    back = result.warp_points(result.warp_points(points), to="moving")
    assert np.abs(back - points).max() < 0.5
    ends = points[0] + result.displacement.vectors[:, 16, 20, 16]
    here = result.displacement.grid.affine @ [16, 20, 16, 1]
    moved = result.warp_points(here[None, :3], to="moving")[0]
    assert np.allclose(moved, here[:3] + (ends - points[0]), atol=1e-4)


def test_points_beyond_the_field_are_counted(result: contreg.RegistrationResult) -> None:
    far = np.array([[0.0, 0, 0], [900, 0, 0], [0, -900, 0]])
    with pytest.warns(contreg.ContregWarning, match="2 of 3 points lie outside the moving image's field"):
        moved = result.warp_points(far)
    assert np.array_equal(moved[1:], far[1:])


def test_outside_the_moving_image_is_what_is_asked_for(
    result: contreg.RegistrationResult, brains: Path
) -> None:
    image = nib.load(brains / "moving.nii.gz")
    cut = (voxels(image)[:12], image.affine)  # the fixed grid reaches beyond
    filled = voxels(result.warp(cut, kind="image", background=-7.0))
    plain = voxels(result.warp(cut, kind="image"))
    assert (filled == -7).mean() > 0.2
    assert np.array_equal(filled[filled != -7], plain[filled != -7])
    assert (plain[filled == -7] == 0).all()


def test_the_jacobian_is_the_volume_ratio(result: contreg.RegistrationResult) -> None:
    determinant = voxels(result.jacobian())
    assert determinant.shape == result.warped.shape
    assert 0.5 < np.median(determinant) < 2
    log = voxels(result.jacobian(log=True))
    assert np.allclose(log[determinant > 0], np.log(determinant[determinant > 0]), atol=1e-5)
    assert np.isnan(log[determinant <= 0]).all()


def test_the_record_names_what_was_in_memory(brains: Path, tmp_path: Path) -> None:
    files = [nib.load(brains / f"{name}.nii.gz") for name in ("moving", "fixed")]
    saved = contreg.register(*files, **HOW).save(tmp_path)
    record = json.loads(next(path for path in saved if path.suffix == ".json").read_text())
    assert record["moving"]["file"] == "moving"
    assert len(record["moving"]["sha256"]) == 64
    assert record["model"]["recipe"] == "logdemons"


def test_what_may_be_wrong_is_warned_of(brains: Path) -> None:
    fixed = nib.load(brains / "fixed.nii.gz")
    everywhere = np.random.default_rng(0).normal(100, 20, fixed.shape)  # no background: a head, not a brain
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", contreg.ContregWarning)
        found = contreg.register((everywhere, fixed.affine), fixed, **HOW)
    assert any(line.startswith("moving image") for line in found.warnings)
    assert {str(one.message) for one in caught if one.category is contreg.ContregWarning} == {*found.warnings}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"moving": 3}, "expected an image"),
        ({"moving": (np.zeros((4, 4, 4)), np.zeros((4, 4)))}, "affine"),
        ({"model": "contrastive-vae"}, "train"),
        ({"model": "svf-adan"}, "svf-adam"),
        ({"settings": {"solver.stpes": 3}}, "steps"),
        ({"moving_labels": "no-such.nii.gz"}, "no-such.nii.gz"),
    ],
)
def test_a_wrong_argument_is_a_contreg_error(wrong: dict, words: str, brains: Path) -> None:
    given = {"moving": brains / "moving.nii.gz", "fixed": brains / "fixed.nii.gz", "device": "cpu"}
    with pytest.raises(contreg.ContregError, match=words), warnings.catch_warnings():
        contreg.register(**{**given, **wrong})


def test_a_label_map_of_intensities_is_doubted(result: contreg.RegistrationResult, brains: Path) -> None:
    image = nib.load(brains / "moving.nii.gz")
    many = np.arange(voxels(image).size, dtype=np.int32).reshape(image.shape)
    with pytest.warns(contreg.ContregWarning, match="kind='image'"):
        result.warp((many, image.affine))
    with pytest.raises(contreg.ContregError, match="off integers"):
        result.warp((voxels(image) + 0.5, image.affine))


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); import contreg; spent = time.perf_counter() - start\n"
        "heavy = {'torch', 'numpy', 'numba', 'SimpleITK', 'nibabel', 'click'} & set(sys.modules)\n"
        "assert not heavy, heavy\nassert spent < 1, spent\nassert 'register' in dir(contreg)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there() -> None:
    for name in contreg.__all__:
        assert getattr(contreg, name).__doc__ or name == "__version__"
    with pytest.raises(AttributeError, match="no attribute"):
        _ = contreg.regsiter


def test_another_contrast_carries_labels_as_the_same_does(
    result: contreg.RegistrationResult, brains: Path
) -> None:
    moving, fixed = (nib.load(brains / f"{name}.nii.gz") for name in ("moving", "fixed"))
    values = voxels(moving).astype(np.float64)
    turned = np.where(values > 0, 1.1 * values.max() - values, 0)  # T2-like: what was bright is dark
    found = contreg.register(
        (turned, moving.affine), fixed, moving_labels=brains / "moving_labels.nii.gz", **HOW
    )
    truth = voxels(nib.load(brains / "fixed_labels.nii.gz"))
    same, other = ((voxels(labels) == truth)[truth > 0].mean() for labels in (result.labels, found.labels))
    assert other > same - 0.04
    assert found.quality.contrast.mapped
    assert not result.quality.contrast.mapped
    with pytest.warns(contreg.ContregWarning, match="edges of the two brains hardly agree"):
        misled = contreg.register(
            (turned, moving.affine),
            fixed,
            moving_labels=brains / "moving_labels.nii.gz",
            similarity="same",
            **HOW,
        )
    assert (voxels(misled.labels) == truth)[truth > 0].mean() < other
