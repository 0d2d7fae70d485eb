"""The signs tell right pairs from wrong ones, and no flexible map raises them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from contreg_core import spatial
from contreg_core.engine import Engine
from contreg_core.inference.evidence import Evidence, evidence
from contreg_core.inference.images import Brain, GriddedBrain, find_brain
from contreg_core.inference.quality import assess
from contreg_core.inference.register import grid_fixed, register_on_grid
from contreg_core.inference.solved import load_solver
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import override
from contreg_core.transform.world import Grid
from contreg_core.volume import Volume

SHAPE = (40, 44, 38)
STILL = np.zeros((3, *SHAPE), np.float32)
SOUND = Evidence(0.5, 0.8, 2.0, 2.0, 0.2, 0.01)


@pytest.fixture
def fixed(tools) -> Brain:
    return find_brain(tools.brain_at(tools.affine_of(np.eye(3), (2.0, 2.0, 2.0), SHAPE), SHAPE))


@pytest.fixture
def moving(tools, fixed) -> Brain:
    """The same anatomy, moved smoothly by up to 6 mm."""
    shift = torch.from_numpy(tools.smooth_velocity(SHAPE, 3.0))[None]
    image = spatial.warp(torch.from_numpy(fixed.volume.array)[None, None], shift)[0, 0].numpy()
    return find_brain(Volume(image, fixed.volume.affine))


def gridded(brain: Brain) -> GriddedBrain:
    return GriddedBrain(brain.volume.array, brain.mask, Grid(brain.volume.affine, SHAPE))


def noisy(brain: Brain, seed: int = 0) -> Brain:
    values = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 1.5)
    image = np.where(brain.mask, 1 + (values - values.min()) / np.ptp(values), 0).astype(np.float32)
    return replace(brain, volume=replace(brain.volume, array=image))


def without(brain: Brain, centre: tuple[int, int, int], radius: float) -> Brain:
    apart = np.linalg.norm(np.indices(SHAPE).T - np.array(centre), axis=-1).T * 2
    gone = apart < radius
    array = np.where(gone, np.float32(0), brain.volume.array)
    return Brain(replace(brain.volume, array=array), brain.mask & ~gone)


def signs(moving: Brain, fixed: Brain, displacement=STILL) -> Evidence:
    there = gridded(moving), gridded(fixed)
    found = assess(*there, there[0].image, displacement, None).evidence
    assert found is not None
    return found


def solved(moving: Brain, fixed: Brain, penalty: float):
    """Registered with so much of a penalty, on one grid that the images are on already."""
    settings = [f"loss.gradient-l2.weight={penalty}", "preprocessing.spacing=0"]
    catalogue = load_catalogue(plugins=False)
    model = load_solver(
        override(catalogue.recipe("svf-adam"), settings, catalogue),
        catalogue,
        Engine.choose("cpu", "float32"),
    )
    return register_on_grid(model, moving, grid_fixed(model, fixed), similarity="same").quality


def test_sound_figures_are_not_warned_of():
    assert SOUND.warnings() == ()
    nothing_shared = replace(SOUND, edges_before=float("nan"), edges_after=float("nan"))
    assert nothing_shared.warnings() == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"edges_before": 0.1}, "hardly agree after the affine stage (0.10 of 1"),
        ({"edges_before": -0.4}, "hardly agree after the affine stage (-0.40 of 1"),
        ({"edges_after": 0.4}, "agree less: 0.50 to 0.40"),
        (
            {"missing_mm": 13.0},
            "the moving brain is empty where the fixed brain has a piece 26 mm thick or more",
        ),
        (
            {"surplus_mm": 13.0},
            "the fixed brain is empty where the moving brain has a piece 26 mm thick or more",
        ),
        ({"stretch": 0.6}, "(mean |log J| 0.60"),
    ],
)
def test_what_is_bad_is_said(change, said):
    (warning,) = replace(SOUND, **change).warnings()
    assert said in warning


def test_a_right_pair_is_not_warned_of(moving, fixed):
    assert signs(moving, fixed).warnings() == ()
    assert solved(moving, fixed, 0.4).warnings() == ()


def test_noise_in_a_mask_is_warned_of_however_flexible_the_map(fixed):
    """Its correlation rises with the flexibility; the sign from before does not, and the work rises too."""
    stiff, loose = (solved(noisy(fixed), fixed, penalty) for penalty in (10.0, 0.02))
    assert loose.ncc_after > stiff.ncc_after + 0.2
    assert loose.evidence.edges_before == stiff.evidence.edges_before < 0.25
    assert loose.evidence.stretch > stiff.evidence.stretch
    for found in (stiff, loose):
        assert any("hardly agree after the affine stage" in line for line in found.warnings())


@pytest.mark.parametrize("centre", [(20, 22, 19), (13, 22, 19), (20, 30, 15)])
def test_a_hole_is_found_on_either_side(fixed, centre):
    holed = without(fixed, centre, 15.0)
    assert signs(holed, fixed).missing_mm == pytest.approx(15, abs=6)
    assert signs(fixed, holed).surplus_mm == pytest.approx(15, abs=6)
    assert signs(holed, fixed).surplus_mm == signs(fixed, holed).missing_mm == 0
    assert any("is empty where" in line for line in signs(holed, fixed).warnings())


def test_half_a_brain_is_found(fixed):
    mask = fixed.mask.copy()
    mask[:20] = False
    half = Brain(replace(fixed.volume, array=np.where(mask, fixed.volume.array, np.float32(0))), mask)
    assert signs(half, fixed).missing_mm > 9


def test_the_size_of_the_brain_does_not_matter(moving, fixed):
    """A mouse's brain, a tenth as long, has the signs of a person's."""
    small = [
        replace(gridded(brain), grid=Grid(fixed.volume.affine * [[0.1], [0.1], [0.1], [1]], SHAPE), scale=0.1)
        for brain in (moving, fixed)
    ]
    displacement = 0.1 * np.indices(SHAPE).astype(np.float32)
    expected = signs(moving, fixed, displacement)
    found = assess(*small, small[0].image, displacement, None).evidence
    assert [getattr(found, name) for name in vars(SOUND)] == pytest.approx(
        [getattr(expected, name) for name in vars(SOUND)]
    )


def test_the_grid_hardly_matters(tools):
    """Voxels of 1, 2 and 4 mm, or of three lengths."""
    found = []
    for lengths in ((1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (4.0, 4.0, 4.0), (1.0, 2.0, 4.0)):
        shape = tuple(int(80 / length) for length in lengths)
        affine = tools.affine_of(np.eye(3), lengths, shape)
        pair = []
        for seed in (0.0, 0.8):
            volume = tools.brain_at(affine, shape, seed)
            pair.append(GriddedBrain(volume.array, volume.array > 0, Grid(affine, shape)))
        found.append(evidence(*pair, pair[0], np.zeros((3, *shape), np.float32)).edges_before)
    assert np.ptp(found) < 0.1


def test_a_uniform_growth_is_its_logarithm_and_does_not_bend(fixed):
    grown = signs(fixed, fixed, 0.1 * np.indices(SHAPE).astype(np.float32))
    assert grown.stretch == pytest.approx(3 * np.log(1.1), rel=1e-4)
    assert grown.bending == pytest.approx(0, abs=1e-9)


def test_bending_is_in_millimetres(fixed):
    """``u = x^2 / 100`` mm along x bends by 2 / 100 per mm everywhere."""
    x = np.indices(SHAPE)[0] * 2.0
    bent = STILL.copy()
    bent[0] = x**2 / 100 / 2
    assert signs(fixed, fixed, bent).bending == pytest.approx(0.02**2, rel=0.02)
