"""Label maps made ready: ids are kept, shares and intensities are means over the finer voxels."""

import numpy as np
import pytest
import torch

from contreg_core.errors import DataError
from contreg_core.rendering.maps import ready, regions_of

CPU = torch.device("cpu")
IDS = np.array([0, 2, 41, 1007])
REGIONS = {"white": (2, 41), "nowhere": (5,)}


def labels(seed: int = 0, space: tuple[int, ...] = (6, 8, 4)) -> np.ndarray:
    return IDS[np.random.default_rng(seed).integers(0, len(IDS), space)]


def image(of: np.ndarray) -> np.ndarray:
    return np.select([of == 2, of == 41, of == 1007], [0.8, 0.7, 0.3], 0.0).astype(np.float32)


def known(*maps: np.ndarray):
    return regions_of(maps, [image(one) for one in maps], REGIONS)


def test_numbers_are_ids_and_back() -> None:
    one = labels()
    regions = known(one)
    assert (regions.ids[regions.numbers(one)] == one).all()


def test_an_id_that_no_map_had_is_background() -> None:
    one = labels()
    regions = known(one)
    assert not regions.numbers(np.full_like(one, 999)).any()
    assert not regions.numbers(np.full_like(one, 5000)).any()


def test_regions_are_the_cohorts_own_and_every_other_label_is_one() -> None:
    regions = known(labels())
    assert regions.names == ("white", "label 1007")
    assert [regions.names[index] for index in regions.region[1:]] == ["white", "white", "label 1007"]
    assert regions.of("white").tolist() == [False, True, True, False]


def test_the_clean_contrast_is_that_of_the_images() -> None:
    assert known(labels(), labels(1)).clean.tolist() == pytest.approx([0, 0.8, 0.7, 0.3])


@pytest.mark.parametrize("space", [(6, 8), (6, 8, 4), (5, 7, 3)])
@pytest.mark.parametrize("finer", [1, 2])
def test_shares_and_clean_image_are_means_over_the_finer_voxels(space: tuple[int, ...], finer: int) -> None:
    one = labels(2, space)
    regions = known(one)
    found = ready(regions.numbers(one), regions, finer, CPU)
    padded = np.pad(one, [(0, -size % finer) for size in space])
    coarse = [size // finer for size in padded.shape]
    blocks = padded.reshape([part for size in coarse for part in (size, finer)])
    axes = tuple(range(1, 2 * len(space), 2))
    white = np.isin(blocks, (2, 41)).mean(axes)
    np.testing.assert_allclose(found.share([0])[0].numpy(), white, atol=0.003)
    np.testing.assert_allclose(found.share([0, 1])[0].numpy(), (blocks > 0).mean(axes), atol=0.005)
    np.testing.assert_allclose(found.clean[0].numpy(), image(blocks).mean(axes), rtol=1e-5)
    doubled = torch.from_numpy(2 * regions.clean)
    torch.testing.assert_close(found.painted(doubled), 2 * found.clean)


def test_more_labels_than_a_byte_holds_are_refused() -> None:
    many = np.arange(1, 301).reshape(10, 30)
    with pytest.raises(DataError, match="300 labels"):
        regions_of([many], [many.astype(np.float32)], {})
