"""Oracles F.9: landmarks fixed, monotone, p1 -> 0 and p99 -> 100, extrapolating, no NaN."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contreg_core.errors import DataError
from contreg_core.preprocessing import nyul

LPBA40 = (
    0.0, 40.2863140, 58.6044434, 63.3688576, 66.6438972, 71.2987107, 75.3526276,
    79.6537020, 84.3034770, 86.7112286, 89.1208850, 93.5115887, 100.0,
)  # fmt: skip
EVERYWHERE = np.ones((10, 11, 12), bool)
IMAGE = np.random.default_rng(0).gamma(4, 50, EVERYWHERE.shape)
USED = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99]


def test_thirteen_percentiles_eleven_knots():
    assert len(nyul.PERCENTILES) == 13
    assert [p for p in nyul.PERCENTILES if p not in (25, 75)] == USED


def test_percentiles_land_on_the_landmarks():
    result = nyul.standardise(IMAGE, EVERYWHERE, LPBA40)
    wanted = [LPBA40[nyul.PERCENTILES.index(p)] for p in USED]
    # Percentiles between two voxels move a little, for the map bends at the knots.
    assert np.percentile(result, USED) == pytest.approx(wanted, abs=0.2)
    assert nyul.standardise(np.array([100.0]), np.array([True]), LPBA40).shape == (1,)


def test_an_image_already_standard_is_unchanged():
    found = np.percentile(IMAGE, nyul.PERCENTILES)
    assert nyul.standardise(IMAGE, EVERYWHERE, found) == pytest.approx(IMAGE, rel=1e-6)


def test_ends_map_to_0_and_100_and_extrapolate():
    low, high = np.percentile(IMAGE, (1, 99))
    mapped = nyul.standardise(np.array([low, high]), np.ones(2, bool), LPBA40)
    assert mapped.shape == (2,)
    result = nyul.standardise(IMAGE, EVERYWHERE, LPBA40)
    assert (result[high < IMAGE] > 100).all()
    assert (result[low > IMAGE] < 0).all()


@given(arrays(np.float64, 60, elements=st.floats(0, 1000)))
def test_monotone_and_finite_whatever_the_histogram(values):
    result = nyul.standardise(values, np.ones(60, bool), LPBA40)
    assert np.isfinite(result).all()
    spread = np.diff(np.percentile(values, USED))
    if (spread > 1e-5).all():
        assert (np.diff(result[np.argsort(values)]) >= -1e-3).all()


def test_a_slow_reference_agrees():
    knots = np.percentile(IMAGE, USED)
    wanted = [LPBA40[nyul.PERCENTILES.index(p)] for p in USED]
    fast = nyul.standardise(IMAGE, EVERYWHERE, LPBA40)
    for index in np.ndindex(3, 4, 5):
        value = IMAGE[index]
        k = min(max(sum(value >= knot for knot in knots) - 1, 0), 9)
        slope = (wanted[k + 1] - wanted[k]) / (knots[k + 1] - knots[k])
        assert fast[index] == pytest.approx(wanted[k] + slope * (value - knots[k]), rel=1e-5, abs=1e-4)


def test_learned_landmarks_by_the_printed_formula():
    rows = [
        nyul.percentiles(IMAGE * gain + shift, EVERYWHERE) for gain, shift in [(1, 0), (3, 50), (0.2, -9)]
    ]
    rows.append(nyul.percentiles(np.sqrt(IMAGE), EVERYWHERE))
    slopes = [100 / (row[-1] - row[0]) for row in rows]
    intercept = np.mean([-slope * row[0] for slope, row in zip(slopes, rows, strict=True)])
    expected = np.mean([slope * row for slope, row in zip(slopes, rows, strict=True)], axis=0) + intercept
    landmarks = nyul.average_landmarks(rows)
    assert landmarks == pytest.approx(expected)
    assert landmarks[0] == 0
    assert landmarks[-1] == pytest.approx(100)


def test_learning_needs_scans_with_contrast():
    with pytest.raises(DataError, match="no scan"):
        nyul.average_landmarks([])
    with pytest.raises(DataError, match="constant"):
        nyul.average_landmarks([np.ones(13)])
    with pytest.raises(DataError, match="mask is empty"):
        nyul.percentiles(IMAGE, ~EVERYWHERE)


@pytest.mark.filterwarnings("ignore")
def test_against_torchio(tmp_path: Path):
    torchio = pytest.importorskip("torchio")
    torch = pytest.importorskip("torch")
    scans = [IMAGE, np.sqrt(IMAGE) * 30, IMAGE[::-1] ** 1.3]
    paths = []
    for k, scan in enumerate(scans):
        paths.append(tmp_path / f"{k}.nii")
        torchio.ScalarImage(tensor=torch.from_numpy(scan.copy())[None].float()).save(paths[-1])
    theirs = torchio.HistogramStandardization.train(paths, masking_function=lambda x: x > 0)
    inside = [scan.astype(np.float32) > 0 for scan in scans]
    ours = nyul.average_landmarks(map(nyul.percentiles, scans, inside))
    assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-3)
    transform = torchio.HistogramStandardization({"image": theirs}, masking_method=lambda x: x > 0)
    subject = torchio.Subject(image=torchio.ScalarImage(paths[1]))
    expected = transform(subject)["image"].numpy()[0]
    assert nyul.standardise(scans[1], inside[1], theirs) == pytest.approx(expected, rel=1e-3, abs=1e-2)
