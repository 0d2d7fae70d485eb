"""The embedded cohort: split, labels, sides, determinism, intensities."""

import numpy as np
import pytest

from contreg_adapters.synthetic import Synthetic
from contreg_core.cohort import LoadedScan
from contreg_core.errors import UsageError


@pytest.fixture(scope="module")
def cohort() -> Synthetic:
    return Synthetic(subjects=3)


@pytest.fixture(scope="module")
def loaded(cohort: Synthetic) -> LoadedScan:
    return cohort.load(cohort.scans()[0])


def _labels(loaded: LoadedScan) -> np.ndarray:
    assert loaded.labels is not None
    return loaded.labels.array


def _centroid(labels: np.ndarray, *ids: int) -> np.ndarray:
    return np.mean([np.argwhere(labels == id_).mean(0) for id_ in ids], axis=0)


def test_two_thirds_train_and_the_rest_test():
    splits = [scan.split for scan in Synthetic().scans()]
    assert splits == ["train"] * 8 + ["test"] * 4


def test_the_default_grid_is_3_mm_over_an_adult_head():
    grid = Synthetic().grid
    assert (grid.size, grid.spacing) == ((64, 80, 64), 3.0)


def test_a_grown_scan_is_a_volume_on_the_cohorts_grid(loaded: LoadedScan):
    assert loaded.image.array.shape == loaded.mask.shape == _labels(loaded).shape == (64, 80, 64)
    assert loaded.image.array.dtype == np.float32
    assert loaded.mask.dtype == np.bool_
    np.testing.assert_array_equal(np.diag(loaded.image.affine), [3, 3, 3, 1])


def test_every_label_is_there_and_no_other(cohort: Synthetic, loaded: LoadedScan):
    assert set(np.unique(_labels(loaded))) - {0} == {label.id for label in cohort.label_table()}


def test_left_labels_lie_at_low_index_and_right_ones_mirror_them(cohort: Synthetic, loaded: LoadedScan):
    for label in cohort.label_table():
        if label.side == "L":
            left, right = (_centroid(_labels(loaded), id_) for id_ in (label.id, label.id + 1))
            assert left[0] < right[0]
            assert np.abs(left - right)[1:].max() < 8


def test_self_check_vectors_point_along_the_axes(loaded: LoadedScan):
    labels = _labels(loaded)
    left, right = range(21, 166, 2), range(22, 167, 2)
    present = set(np.unique(labels))
    rightward = _centroid(labels, *(present & set(right))) - _centroid(labels, *(present & set(left)))
    forward = _centroid(labels, 33, 34) - _centroid(labels, 61, 62)
    upward = _centroid(labels, 27, 28) - _centroid(labels, 181, 182)
    for axis, vector in enumerate((rightward, forward, upward)):
        assert vector[axis] == np.abs(vector).max() > 5


def test_lobes_lie_where_they_should(loaded: LoadedScan):
    labels = _labels(loaded)
    superior, middle, inferior = (_centroid(labels, id_, id_ + 1)[2] for id_ in (81, 83, 85))
    assert superior > middle > inferior
    front, central, behind, back = (_centroid(labels, id_, id_ + 1)[1] for id_ in (21, 27, 41, 67))
    assert front > central > behind > back


def test_background_is_exactly_zero_and_the_brain_is_not(loaded: LoadedScan):
    image = loaded.image.array.astype(np.float64)
    assert not image[~loaded.mask].any()
    assert image[loaded.mask].min() > 0
    assert image.max() < 270
    assert not _labels(loaded)[~loaded.mask].any()
    litres = loaded.mask.sum() * 3.0**3 / 1e6
    assert 1.0 < litres < 2.0


def test_tissues_are_as_bright_as_in_a_t1(loaded: LoadedScan):
    image, labels = loaded.image.array.astype(np.float64), _labels(loaded)
    white = np.median(image[loaded.mask & (labels == 0)])
    gray = np.median(image[np.isin(labels, (161, 162, 163, 164))])
    assert white > 1.2 * gray > 60


def test_a_subject_is_the_same_however_many_there_are(cohort: Synthetic, loaded: LoadedScan):
    again = Synthetic(subjects=7).load(cohort.scans()[0])
    np.testing.assert_array_equal(again.image.array, loaded.image.array)
    np.testing.assert_array_equal(_labels(again), _labels(loaded))


def test_another_seed_is_another_cohort_and_its_scans_say_so():
    scans = [Synthetic(size=(32, 40, 32), seed=seed).scans()[0] for seed in (0, 1)]
    assert scans[0].metadata != scans[1].metadata
    images = [Synthetic(size=(32, 40, 32), seed=seed).load(scans[0]).image.array for seed in (0, 1)]
    assert (images[0] != images[1]).any()


def test_the_seven_fused_regions_leave_cerebellum_and_brainstem_out(cohort: Synthetic):
    (protocol,) = cohort.protocols()
    assert protocol.name == cohort.default_protocol == "synthetic/contreg"
    assert (len(protocol.regions), protocol.headline, protocol.identity_pairs) == (7, "fused", False)
    assert set(protocol.labels) == {label.id for label in cohort.label_table()} - {181, 182}


@pytest.mark.parametrize(
    ("knobs", "found"),
    [
        ({"subjects": 1}, "subjects=1"),
        ({"seed": -1}, "seed=-1"),
        ({"size": (64, 80)}, "three numbers"),
        ({"size": (32, 40, 32), "spacing": 3.0}, "a field that holds a brain"),
        ({"size": (8, 8, 8)}, "a field that holds a brain"),
    ],
)
def test_impossible_knobs_are_refused(knobs, found):
    with pytest.raises(UsageError, match=found) as caught:
        Synthetic(**knobs)
    assert caught.value.hint


def test_an_unknown_scan_is_refused(cohort: Synthetic):
    with pytest.raises(UsageError, match="S01 to S03"):
        cohort.true_displacement("S01", "S04")
