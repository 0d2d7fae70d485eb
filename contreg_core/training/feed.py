"""What is trained on, resident on the device: batches as a function of the step; here the pairs of a cohort."""

import zlib
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contreg_core.cache import CachedCohort, CachedScan
from contreg_core.engine import Engine
from contreg_core.errors import DataError
from contreg_core.ranks.share import Share
from contreg_core.scheme import Augmentation, Scheme
from contreg_core.training.augmentation import augment, cropped
from contreg_core.training.foreground import Box, around, foreground, size_of
from contreg_core.training.pairs import PairOrder, paired
from contreg_core.training.seeds import generator
from contreg_core.types import Pair
from contreg_core.whereabouts import middle, require_one_space


class Feed(Protocol):
    """Batches for training; ``feed.batch(step)`` depends on seed, step and rank. ``images`` are of one grid,
    ``share`` says which items are a step's, and no batch has fewer voxels along an axis than ``smallest``.
    """

    images: list[Tensor]
    share: Share
    smallest: tuple[int, ...]

    @property
    def steps_per_epoch(self) -> int:
        """Batches that cover everything once."""

    @property
    def content(self) -> str:
        """What there is, in words: ``870 pairs``."""

    def batch(self, step: int) -> Any:
        """What the model studies in a step."""

    def names(self, step: int) -> list[str]:
        """Which scans those are."""


class PairFeed:
    """Batches of augmented pairs."""

    def __init__(
        self,
        cohort: CachedCohort,
        scans: Sequence[CachedScan],
        scheme: Scheme,
        augmentation: Augmentation,
        engine: Engine,
    ) -> None:
        self.scheme = scheme
        self.augmentation = augmentation
        own_space = cohort.fixed_only_own_space
        order = PairOrder(scans, seed=scheme.seed, own_space=own_space, kind=scheme.pairs)
        scans = paired(scans, order.pairs)
        self.order = PairOrder(scans, seed=scheme.seed, own_space=own_space, kind=scheme.pairs)
        self.images, self.masks = _resident(cohort, scans, engine.device)
        self.ids = [scan.id for scan in scans]
        # On the device from the start: a copy in every step would wait for it.
        numbers = [zlib.crc32(scan.subject.encode()) for scan in scans]
        self.numbers = torch.tensor(numbers, device=engine.device)
        self.share = engine.ranks.share(scheme.batch_size)
        # Found once: a box that depended on a step's voxels would have the device waited for.
        self.boxes = [foreground(image) for image in self.images] if scheme.foreground else []
        self.smallest = self._smallest()

    @property
    def steps_per_epoch(self) -> int:
        """Batches that cover every pair once."""
        return max(1, len(self.order) // self.scheme.batch_size)

    @property
    def content(self) -> str:
        """How many ordered pairs."""
        return f"{len(self.order)} pairs"

    def batch(self, step: int) -> Pair:
        """This rank's pairs of a step, stacked."""
        box = self._box(step)
        items = [self._item(number, box) for number in self.share.numbers(step)]
        moving, fixed, mask, subjects = (torch.cat(parts) for parts in zip(*items, strict=True))
        return Pair(moving, fixed, subjects, mask)

    def names(self, step: int) -> list[str]:
        """The pairs of a step, moving to fixed."""
        return [f"{self.ids[i]} to {self.ids[j]}" for i, j in self._pairs(step)]

    def _pairs(self, step: int) -> list[tuple[int, int]]:
        """Of all ranks together."""
        size = self.scheme.batch_size
        return [self.order.item(number)[0] for number in range(step * size, (step + 1) * size)]

    def _box(self, step: int) -> Box:
        space = self.images[0].shape[2:]
        if not self.boxes:
            return tuple(slice(0, size) for size in space)
        return around((self.boxes[index] for pair in self._pairs(step) for index in pair), space)

    def _smallest(self) -> tuple[int, ...]:
        space = tuple(self.images[0].shape[2:])
        sizes = [size_of(around([box], space)) for box in self.boxes]
        return cropped(tuple(min(along) for along in zip(space, *sizes, strict=True)), self.augmentation)

    def _item(self, number: int, box: Box) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        (i, j), epoch = self.order.item(number)
        rng = generator("augmentation", self.scheme.seed, epoch, number)
        cut = (slice(None), slice(None), *box)
        images = augment(self.images[i][cut], self.images[j][cut], self.masks[j][cut], self.augmentation, rng)
        return *images, torch.stack((self.numbers[i], self.numbers[j]))[None]


def _resident(
    cohort: CachedCohort, scans: Sequence[CachedScan], device: torch.device
) -> tuple[list[Tensor], list[Tensor]]:
    images, masks = [], []
    places: dict[str, tuple[str, NDArray[np.float64]]] = {}  # space -> its first scan, and where that lies
    for scan in scans:
        subject = cohort.load(scan.id)
        here = middle(subject.mask, subject.affine)
        name, there = places.setdefault(scan.space, (scan.id, here))
        require_one_space((name, scan.id), (there, here))
        images.append(torch.from_numpy(subject.image)[None, None].to(device))
        masks.append(torch.from_numpy(subject.mask)[None, None].to(device))
        require_one_grid(images, scans)
    return images, masks


def require_grid_of(feed: "Feed", cohort: CachedCohort, scans: Sequence[CachedScan]) -> None:
    """Raise ``DataError`` where a scan held out is not on the grid that is trained on: it could not be registered."""
    wanted = tuple(feed.images[0].shape[2:])
    for scan in scans:
        if (own := cohort.load(scan.id).image.shape) != wanted:
            raise DataError(
                f"scan '{scan.id}', held out for validation, has the grid {own}, the training scans {wanted}",
                "prepare with a crop that brings all scans to one grid: -s preprocessing.crop=...",
            )


def require_one_grid(images: Sequence[Tensor], scans: Sequence[CachedScan]) -> None:
    """Raise ``DataError`` where the image read last is not on the grid of the first."""
    if images[-1].shape != images[0].shape:
        own, first = (tuple(image.shape[2:]) for image in (images[-1], images[0]))
        raise DataError(
            f"scan '{scans[len(images) - 1].id}' has the grid {own}, '{scans[0].id}' {first}; training needs one grid",
            "prepare with a crop that brings all scans to one grid: -s preprocessing.crop=...",
        )
