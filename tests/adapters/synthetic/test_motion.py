"""The known displacements: they align, invert and never fold."""

import itertools

import numpy as np
import pytest
import torch

from contreg_adapters.synthetic import Synthetic
from contreg_core import spatial
from contreg_core.labels import warp_labels


@pytest.fixture(scope="module")
def cohort() -> Synthetic:
    return Synthetic(subjects=3, size=(48, 60, 48))


@pytest.fixture(scope="module")
def scans(cohort: Synthetic):
    return {scan.id: cohort.load(scan) for scan in cohort.scans()}


@pytest.fixture(scope="module")
def displacements(cohort: Synthetic, scans):
    return {pair: cohort.true_displacement(*pair) for pair in itertools.product(scans, repeat=2)}


def _fused(cohort: Synthetic, first, second) -> float:
    """Mean Dice of the seven regions, spelt out."""
    values = []
    for ids in cohort.protocols()[0].regions.values():
        a, b = np.isin(first, ids), np.isin(second, ids)
        values.append(2 * (a & b).sum() / (a.sum() + b.sum()))
    return float(np.mean(values))


def test_the_true_displacement_aligns_labels_and_images(cohort: Synthetic, scans, displacements):
    for moving, fixed in itertools.permutations(scans, 2):
        u = displacements[moving, fixed]
        there, here = scans[moving], scans[fixed]
        before = _fused(cohort, there.labels.array, here.labels.array)
        after = _fused(cohort, warp_labels(there.labels.array, u), here.labels.array)
        assert 0.5 < before < 0.8
        assert after > max(before + 0.1, 0.85)
        image = torch.from_numpy(there.image.array)[None, None]
        warped = spatial.warp(image, torch.from_numpy(u)[None])[0, 0].numpy()
        inside = here.mask

        def likeness(picture, inside=inside, here=here):
            return np.corrcoef(picture[inside], here.image.array[inside])[0, 1]

        assert likeness(warped) > likeness(there.image.array) + 0.15


def test_it_never_folds_and_moves_a_few_voxels(scans, displacements):
    for moving, fixed in itertools.permutations(scans, 2):
        u = displacements[moving, fixed]
        assert u.dtype == np.float32
        assert u.shape == (3, 48, 60, 48)
        assert spatial.jacobian_determinant(torch.from_numpy(u)[None]).min() > 0.1
        assert 1 < np.linalg.norm(u, axis=0)[scans[fixed].mask].max() < 12


def test_there_and_back_is_near_identity(scans, displacements):
    there, back = (torch.from_numpy(displacements[pair])[None] for pair in (("S01", "S02"), ("S02", "S01")))
    rest = spatial.compose(there, back)[0].numpy()
    assert np.linalg.norm(rest, axis=0)[scans["S01"].mask].max() < 0.3
    assert np.linalg.norm(rest, axis=0)[scans["S01"].mask].mean() < 0.05


def test_a_subject_to_itself_stays_where_it_is(scans, displacements):
    rest = np.linalg.norm(displacements["S01", "S01"], axis=0)
    assert rest[scans["S01"].mask].max() < 0.3


def test_the_shape_depends_on_millimetres_not_on_voxels():
    coarse = Synthetic(size=(32, 40, 32)).true_displacement("S01", "S02")
    fine = Synthetic(size=(64, 80, 64)).true_displacement("S01", "S02")
    # Centres of the coarse voxels lie halfway between two fine ones.
    pooled = fine.reshape(3, 32, 2, 40, 2, 32, 2).mean((2, 4, 6)) / 2
    inner = (slice(None), *[slice(6, -6)] * 3)
    assert np.abs(pooled - coarse)[inner].max() < 0.2
