import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from contreg.reporting.crop import MARGIN, shown
from contreg.reporting.cut import Cut, smooth_labels
from contreg.reporting.deviation import field_deviation
from contreg.reporting.example import Example, central_slices
from contreg.reporting.picture import draw
from contreg.reporting.viewer import payload, viewer
from contreg_core.cohort import Label
from contreg_core.types import Encoding, Field, Pair, Registration


def example(space=(30, 26, 22)) -> Example:
    """A box of brain in an empty grid; the displacement is 1, 2, ... voxels along the axes."""
    mask = np.zeros(space, bool)
    mask[tuple(slice(8, size - 6) for size in space)] = True
    image = mask.astype(np.float32)
    labels = mask.astype(np.uint8) * 5
    displacement = np.stack([np.full(space, axis + 1, np.float32) for axis in range(len(space))])
    return Example(
        moving_id="a", fixed_id="b", moving=image, fixed=image, warped=image, mask=mask, displacement=displacement,
        determinant=np.ones(space, np.float32), deviation=image, moving_labels=labels, fixed_labels=labels,
        carried=labels, affine=np.diag([2.0, 2.0, 2.0, 1.0]), labels=(Label(5, "box"),), headline="fused",
        before=math.nan, after=0.5, seconds=1.0,
    )  # fmt: skip


def test_a_crop_keeps_the_brain_and_its_place_in_the_world() -> None:
    whole = example()
    part = shown(whole)
    assert part.step == 1
    assert part.example.fixed.shape == tuple(size - 14 + 2 * MARGIN for size in whole.fixed.shape)
    inside = np.argwhere(part.example.mask)[0]
    world = part.example.affine @ [*inside, 1]
    assert np.array_equal(world, whole.affine @ [*np.argwhere(whole.mask)[0], 1])


def test_thinning_halves_the_displacement_and_doubles_the_voxel() -> None:
    part = shown(example(), most=2000)
    assert part.step == 2
    assert part.example.spacing == (4.0, 4.0, 4.0)
    assert part.example.displacement[:, 0, 0, 0].tolist() == [0.5, 1.0, 1.5]
    assert part.example.displacement.shape[1:] == part.example.fixed.shape


def test_a_brain_without_a_mask_is_kept_whole() -> None:
    whole = replace(example(), mask=np.zeros((30, 26, 22), bool))
    assert shown(whole).example.fixed.shape == (30, 26, 22)
    assert len(central_slices(whole)) == 3


def test_two_dimensions_have_one_plane(tmp_path) -> None:
    flat = shown(example((30, 26)))
    assert flat.example.fixed.shape[2] == 1
    assert flat.example.displacement[2].max() == 0
    html = viewer(flat)
    assert html.count("<canvas") == 1
    assert set(payload(flat)["volumes"]) >= {"u0", "u1", "u2"}
    draw(example((30, 26)), tmp_path / "flat.png")


def test_without_labels_their_views_are_gone(tmp_path) -> None:
    bare = replace(
        example(), moving_labels=None, fixed_labels=None, carried=None, deviation=None, after=math.nan
    )
    html = viewer(shown(bare))
    assert "outlines" not in html
    assert 'value="deviation"' not in html
    draw(bare, tmp_path / "bare.png")


def test_slices_are_seen_with_the_second_axis_upwards() -> None:
    whole = example()
    cut = Cut(whole, 2, 0, 1)
    assert cut.of(whole.fixed).shape == (26, 30)
    assert cut.position(0)[0, :3].tolist() == [1, 2, 3]
    assert cut.position(1)[:3, 0].tolist() == [2, 3, 4]


def test_smooth_labels_keep_areas() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[5:15, 5:15] = 4
    fine = smooth_labels(labels, 4)
    assert set(np.unique(fine)) == {0, 4}
    assert (fine == 4).sum() == pytest.approx(100 * 16, rel=0.05)


@pytest.mark.parametrize(("sampling", "stored"), [("gaussian", 2 * math.log(0.25)), ("legacy", -0.25)])
def test_the_deviation_is_in_mm_of_the_image_grid(sampling, stored) -> None:
    image = torch.zeros(1, 1, 8, 6, 4)
    field = Field(torch.zeros(1, 3, 4, 4, 2), torch.full((1, 3, 4, 4, 2), stored), "velocity", 2, sampling)
    registration = Registration(Pair(image, image), Encoding(()), field, field.mean, image, image)
    deviation = field_deviation(registration, (1.0, 2.0, 2.0))
    assert deviation is not None
    assert deviation.shape == (8, 6, 4)
    # 0.25 voxel of twice the size: 0.5, 1 and 1 mm along the axes.
    assert deviation == pytest.approx(1.5)
    assert field_deviation(replace(registration, field=Field(field.mean)), (1.0, 1.0, 1.0)) is None
