"""Where the moving brain lies is found from any start, and which of its sides is left."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from contreg_adapters.synthetic import Synthetic
from contreg_core.errors import DataError
from contreg_core.inference.coarse import Cells
from contreg_core.inference.images import Brain, find_brain
from contreg_core.inference.placing import place
from contreg_core.inference.prealignment import Prealignment, angle, axis_rotations, prealign


@pytest.fixture(scope="module")
def brains() -> list[Brain]:
    cohort = Synthetic(subjects=2, size=(44, 54, 44), spacing=4.0)
    return [find_brain(cohort.load(scan).image) for scan in cohort.scans()]


def turned(brain: Brain, rotation: np.ndarray) -> Brain:
    """Its header turned, about somewhere."""
    world = np.eye(4)
    world[:3, :3], world[:3, 3] = rotation, (30.0, -12.0, 45.0)
    return replace(brain, volume=replace(brain.volume, affine=world @ brain.volume.affine))


def found(moving: Brain, fixed: Brain) -> Prealignment:
    return prealign(Cells.of(moving, 2.0), Cells.of(fixed, 2.0), 1.0)


def test_a_right_header_is_believed(brains) -> None:
    assert found(*brains).believed
    assert str(found(*brains)) == "none"


@pytest.mark.parametrize("number", range(24))
def test_the_rotations_of_the_axes_are_found(brains, number) -> None:
    rotation = axis_rotations()[number]
    assert angle(found(turned(brains[0], rotation), brains[1]).rotation @ rotation.T) < 12


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0, 180))
def test_rotations_of_any_angle_are_found(brains, seed, degrees) -> None:
    axis = np.random.default_rng(seed).normal(size=3)
    rotation = Rotation.from_rotvec(axis / np.linalg.norm(axis) * np.radians(degrees)).as_matrix()
    prealignment = found(turned(brains[0], rotation), brains[1])
    off = angle(prealignment.rotation @ rotation.T)
    assert off < 15 or (prealignment.believed and degrees < 60 and off < 60)


def test_the_contrast_does_not_matter(brains) -> None:
    inverse = replace(brains[0].volume, array=np.where(brains[0].mask, 2 - brains[0].volume.array, 0))
    rotation = np.diag([-1.0, -1.0, 1.0])
    inverted = turned(replace(brains[0], volume=inverse), rotation)
    assert str(found(inverted, brains[1])) == "rotated 180 degrees about z"


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_header_is_warned_of_whatever_its_axis(brains, axis) -> None:
    brain = brains[1]
    volume = replace(brain.volume, array=np.ascontiguousarray(np.flip(brain.volume.array, axis)))
    mirrored = replace(brain, volume=volume, mask=np.ascontiguousarray(np.flip(brain.mask, axis)))
    placement = place(mirrored, brain, "rigid")
    assert any("seem exchanged (a mirrored header)" in line for line in placement.warnings())
    with pytest.raises(DataError, match="exchanged"):
        placement.refuse_swapped()


def test_two_right_brains_are_not_warned_of(brains) -> None:
    placement = place(*brains, "rigid")
    assert placement.warnings() == ()
    placement.refuse_swapped()


def test_believed_headers_that_do_not_fit_are_a_warning(brains) -> None:
    placement = place(turned(brains[0], np.diag([-1.0, -1.0, 1.0])), brains[1], "none")
    assert np.array_equal(placement.stage, np.eye(4))
    assert placement.note == ""
    (warning,) = placement.warnings()
    assert "by the images the moving brain is rotated 180 degrees about z" in warning
