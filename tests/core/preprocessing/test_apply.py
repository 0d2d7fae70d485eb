"""A whole scan through every kind of preprocessing."""

import numpy as np
import pytest

from contreg_core.cohort import LoadedScan
from contreg_core.errors import DataError, MismatchError, UsageError
from contreg_core.preprocessing import nyul
from contreg_core.preprocessing.apply import learn_landmarks, preprocess, standardise_image
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.volume import Volume

SHAPE = (24, 26, 22)
AFFINE = np.array([[1.0, 0, 0, -9], [0, 1, 0, -8], [0, 0, 1, -7], [0, 0, 0, 1]])


def scan(seed: int = 0) -> LoadedScan:
    rng = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, bool)
    mask[4:20, 3:22, 4:18] = True
    image = np.where(mask, rng.gamma(4, 50, SHAPE), 0).astype(np.float32)
    labels = np.where(mask, rng.integers(21, 35, SHAPE), 0).astype(np.uint8)
    return LoadedScan(Volume(image, AFFINE), Volume(labels, AFFINE), mask, ("a note",))


@pytest.mark.parametrize("intensity", ["robust", "zscore", "nyul", "none"])
@pytest.mark.parametrize("interpolation", ["linear", "bspline"])
@pytest.mark.parametrize("crop", [(), (8, 12, 16)])
def test_everything_lands_on_one_grid(intensity, interpolation, crop):
    spec = Preprocessing(intensity=intensity, interpolation=interpolation, crop=crop)
    done = preprocess(scan(), spec, learn_landmarks([scan(1), scan(2)], spec))
    assert done.labels is not None
    assert done.image.array.shape == done.labels.array.shape == done.mask.shape == (crop or (12, 13, 11))
    assert np.array_equal(done.image.affine, done.labels.affine)
    assert done.image.array.dtype == np.float32
    assert done.labels.array.dtype == np.uint8
    assert done.mask.dtype == bool
    assert done.notes == ("a note",)
    assert np.array_equal(done.labels.array > 0, done.mask)
    assert intensity == "none" or not done.image.array[~done.mask].any()


def test_crop_is_in_the_affine():
    spec = Preprocessing(spacing=2, crop=(8, 12, 16), crop_offset=(1, 0, -2))
    done = preprocess(scan(), spec)
    assert done.image.affine == pytest.approx(
        np.array([[2, 0, 0, -7], [0, 2, 0, -8], [0, 0, 2, -11], [0, 0, 0, 1.0]])
    )


def test_no_spacing_keeps_the_grid_and_labels_may_be_absent():
    whole = scan()
    done = preprocess(LoadedScan(whole.image, None, whole.mask), Preprocessing(spacing=0, intensity="none"))
    assert np.array_equal(done.image.array, whole.image.array)
    assert done.labels is None


def test_nyul_standardises_the_full_scan_first_and_windows_last():
    spec = Preprocessing(spacing=0, intensity="nyul", window=(50, 100), crop=(10, 10, 10))
    landmarks = learn_landmarks([scan(1)], spec)
    whole = scan()
    mapped = nyul.standardise(whole.image.array, whole.mask, landmarks)
    expected = (np.clip(mapped, 50, 100) - 50) / 50
    done = preprocess(whole, spec, landmarks)
    assert done.image.array == pytest.approx(expected[7:17, 8:18, 6:16], abs=1e-5)


@pytest.mark.parametrize("intensity", ["robust", "zscore", "nyul"])
def test_standardise_image_is_the_same_map(intensity):
    spec = Preprocessing(spacing=0, intensity=intensity)
    landmarks = learn_landmarks([scan(1)], spec)
    whole = scan()
    alone = standardise_image(whole.image.array, whole.mask, spec, landmarks)
    assert np.array_equal(alone, preprocess(whole, spec, landmarks).image.array)


def test_landmarks_are_learned_only_where_wanted():
    assert learn_landmarks([scan()], Preprocessing()) == ()
    assert len(learn_landmarks([scan()], Preprocessing(intensity="nyul"))) == 13
    with pytest.raises(MismatchError, match="0 landmarks"):
        preprocess(scan(), Preprocessing(intensity="nyul"))


@pytest.mark.parametrize("intensity", ["robust", "zscore", "nyul", "none"])
def test_masks_that_hold_nothing_are_refused(intensity):
    whole = scan()
    spec = Preprocessing(intensity=intensity)
    with pytest.raises(DataError, match="empty"):
        preprocess(LoadedScan(whole.image, None, np.zeros(SHAPE, bool)), spec, range(13))
    off = Preprocessing(intensity=intensity, crop=(2, 2, 2), crop_offset=(0, 0, 0))
    with pytest.raises(DataError, match="empty"):
        preprocess(whole, off, range(13))


@pytest.mark.parametrize(
    "wrong",
    [
        {"spacing": -1.0},
        {"window": (50.0,)},
        {"window": (9.0, 3.0)},
        {"crop": (4, 4)},
        {"crop": (4, 4, 0)},
        {"crop_offset": (1, 1, 1)},
        {"crop": (4, 4, 4), "crop_offset": (1, 1)},
    ],
)
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(UsageError, match="expected"):
        Preprocessing(**wrong)
