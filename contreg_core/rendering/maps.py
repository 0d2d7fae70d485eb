"""Label maps made ready for rendering, resident on the device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contreg_core import spatial
from contreg_core.errors import DataError


@dataclass(frozen=True)
class Regions:
    """The labels of all maps, numbered from 1, and the regions they belong to.

    ``ids``: label id of every number, 0 of number 0. ``region[number]``: index of its region in ``names``.
    ``clean[number]``: its intensity in the cohort's images.
    """

    ids: NDArray[np.int64]
    names: tuple[str, ...]
    region: NDArray[np.int64]
    clean: NDArray[np.float32]

    def numbers(self, labels: NDArray[np.generic]) -> NDArray[np.uint8]:
        """A label map as numbers; an id that is not known is background."""
        table = np.zeros(int(max(self.ids.max(), labels.max())) + 1, np.uint8)
        table[self.ids] = np.arange(len(self.ids), dtype=np.uint8)
        return table[labels]

    def of(self, name: str) -> NDArray[np.bool_]:
        """Which numbers are of the region ``name``; none where there is no such region."""
        inside = np.array([name == self.names[index] for index in self.region])
        inside[0] = False
        return inside


@dataclass(frozen=True)
class LabelledMap:
    """One map: ``numbers`` ``(V, *space)``, all labels of a rendered voxel; ``shares`` of the regions ``(R, *space)``, 255
    for a whole voxel; its image in the ``clean`` contrast ``(1, *space)``.
    """

    numbers: Tensor
    shares: Tensor
    clean: Tensor

    def share(self, regions: Sequence[int]) -> Tensor:
        """``(1, *space)`` in [0, 1]: how much of a voxel belongs to these regions together."""
        return self.shares[list(regions)].sum(0, keepdim=True, dtype=torch.int16).clamp(max=255) / 255

    def painted(self, table: Tensor) -> Tensor:
        """``(1, *space)``: every label at its value of ``table``, averaged over a voxel."""
        return _painted(self.numbers, table)


def regions_of(
    labels: Sequence[NDArray[np.generic]],
    images: Sequence[NDArray[np.float32]],
    regions: Mapping[str, Sequence[int]],
) -> Regions:
    """From all maps, the images beside them and the cohort's own regions; a label in none is a region of its own."""
    present = np.unique(np.concatenate([np.unique(one) for one in labels])).astype(np.int64)
    ids = np.concatenate(([0], present[present > 0]))
    if len(ids) > 255:
        raise DataError(f"the label maps have {len(ids) - 1} labels, expected 254 at most", "merge labels")
    owner = {label: name for name, members in regions.items() for label in members}
    named = [owner.get(int(label), f"label {label}") for label in ids]
    names = tuple(dict.fromkeys(named[1:]))
    region = np.array([0, *(names.index(name) for name in named[1:])])
    sums, counts = np.zeros(len(ids)), np.zeros(len(ids))
    for one, image in zip(labels, images, strict=True):
        place = np.searchsorted(ids, one.ravel())
        sums += np.bincount(place, image.ravel(), len(ids))
        counts += np.bincount(place, minlength=len(ids))
    clean = (sums / np.maximum(counts, 1)).astype(np.float32)
    clean[0] = 0
    return Regions(ids, names, region, clean)


def ready(numbers: NDArray[np.uint8], regions: Regions, finer: int, device: torch.device) -> LabelledMap:
    """``numbers`` ``(*finer space)`` on the device; sizes are filled up to a multiple of ``finer`` by background."""
    missing = [(0, -size % finer) for size in numbers.shape]
    padded = torch.from_numpy(np.pad(numbers, missing)).to(device)
    space = [size // finer for size in padded.shape]
    split = padded.reshape([part for size in space for part in (size, finer)])
    ndim = len(space)
    order = [*range(1, 2 * ndim, 2), *range(0, 2 * ndim, 2)]
    stacked = split.permute(order).reshape(finer**ndim, *space).contiguous()
    tables = [torch.from_numpy(regions.of(name).astype(np.float32)).to(device) for name in regions.names]
    shares = torch.cat([(255 * _painted(stacked, table)).round().to(torch.uint8) for table in tables])
    return LabelledMap(stacked, shares, _painted(stacked, torch.from_numpy(regions.clean).to(device)))


def _painted(numbers: Tensor, table: Tensor) -> Tensor:
    return table[numbers.reshape(-1).int()].reshape(numbers.shape).mean(0, keepdim=True)
