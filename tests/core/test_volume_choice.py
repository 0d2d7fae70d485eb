"""Files that leave something open: refused with the option that settles it, and read as that option says."""

import gzip

import nibabel as nib
import numpy as np
import pytest

from contreg_core.errors import DataError, UsageError
from contreg_core.inference.references import read_image
from contreg_core.transform import Grid, WorldField, read_field, write_field
from contreg_core.volume import ReadChoice, axis_codes, read_volume

SHAPE = (6, 7, 8)


def numbers(*more):
    return np.random.default_rng(0).normal(size=(*SHAPE, *more)).astype(np.float32)


def saved(path, array, kind=nib.Nifti1Image):
    kind(array, np.diag([2.0, 2, 2, 1])).to_filename(path)
    return path


def test_analyze_lies_as_it_is_said_to(tmp_path):
    path = saved(tmp_path / "a.hdr", numbers(), nib.AnalyzeImage)
    with pytest.raises(DataError, match="no orientation") as caught:
        read_image(path)
    assert "--assume-orientation" in caught.value.hint
    volume = read_image(path, ReadChoice(assume_orientation="PIL"))
    assert axis_codes(volume.affine) == "PIL"
    assert np.array_equal(volume.array, numbers())
    assert "orientation PIL assumed" in volume.notes


def test_what_a_file_says_is_not_assumed_away(tmp_path):
    volume = read_image(saved(tmp_path / "a.nii", numbers()), ReadChoice(assume_orientation="LPS"))
    assert axis_codes(volume.affine) == "RAS"


@pytest.mark.parametrize("codes", ["RAX", "RA", "RRS", "RLS", "RASI"])
def test_codes_must_name_three_axes(codes):
    with pytest.raises(UsageError, match="three axes"):
        ReadChoice(assume_orientation=codes)


def test_one_of_several_volumes(tmp_path):
    path = saved(tmp_path / "a.nii.gz", numbers(3))
    with pytest.raises(DataError, match="3 volumes in one file") as caught:
        read_volume(path, kind="image")
    assert "--volume" in caught.value.hint
    for k in range(3):
        assert np.array_equal(
            read_volume(path, kind="image", choice=ReadChoice(volume=k)).array, numbers(3)[..., k]
        )
    with pytest.raises(DataError, match="no volume 3"):
        read_volume(path, kind="image", choice=ReadChoice(volume=3))
    path.write_bytes(path.read_bytes()[:-40])  # behind the volume that is wanted
    with pytest.raises(DataError):
        read_volume(path, kind="image", choice=ReadChoice(volume=0))


def test_a_3d_file_has_no_need_of_the_choice(tmp_path):
    path = saved(tmp_path / "a.nii", numbers())
    assert np.array_equal(read_volume(path, kind="image", choice=ReadChoice(volume=2)).array, numbers())


def test_a_channel_of_colours(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (*SHAPE, 3), np.uint8)
    rgb = colours.view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    path = saved(tmp_path / "a.nii.gz", rgb)
    for choice in (ReadChoice(), ReadChoice(channel=3)):
        with pytest.raises(DataError, match="colour") as caught:
            read_volume(path, kind="image", choice=choice)
        assert "--channel" in caught.value.hint
    for k in range(3):
        found = read_volume(path, kind="image", choice=ReadChoice(channel=k))
        assert np.array_equal(found.array, colours[..., k])


def test_the_magnitude_of_complex_numbers(tmp_path):
    values = (numbers() + 1j * numbers()[::-1]).astype(np.complex64)
    path = saved(tmp_path / "a.nii", values)
    with pytest.raises(DataError, match="complex") as caught:
        read_volume(path, kind="image")
    assert "--magnitude" in caught.value.hint
    assert read_volume(path, kind="image", choice=ReadChoice(magnitude=True)).array == pytest.approx(
        np.abs(values)
    )


def test_the_identity_is_a_field_and_no_bomb(tmp_path):
    """Zeros shrink a thousandfold: images are refused for it."""
    shape = (128, 128, 128)
    zero = WorldField(np.zeros((3, *shape), np.float32), Grid(np.eye(4), shape))
    write_field(tmp_path / "f.nii.gz", zero)
    assert (tmp_path / "f.nii.gz").stat().st_size * 1000 > 1 << 24
    (tmp_path / "f.nii.gz").write_bytes(
        gzip.compress(gzip.decompress((tmp_path / "f.nii.gz").read_bytes()), 9)
    )
    assert not read_field(tmp_path / "f.nii.gz", "itk").vectors.any()
