"""The labelled training images of a prepared cohort, resident on the device."""

from collections.abc import Sequence

import torch
from torch import Tensor

from contreg_core.cache import CachedCohort, CachedScan
from contreg_core.classes import LabelClass, class_map, other_side
from contreg_core.engine import Engine
from contreg_core.errors import DataError
from contreg_core.scheme import Augmentation, Scheme
from contreg_core.training.augmentation import augment_labelled, cropped
from contreg_core.training.feed import require_one_grid
from contreg_core.training.seeds import generator
from contreg_core.types import Labelled


class LabelledFeed:
    """Batches of augmented images with their class numbers; every image once an epoch, in an order of (seed, epoch)."""

    def __init__(
        self,
        cohort: CachedCohort,
        scans: Sequence[CachedScan],
        classes: Sequence[LabelClass],
        scheme: Scheme,
        augmentation: Augmentation,
        engine: Engine,
    ) -> None:
        self.scheme = scheme
        self.share = engine.ranks.share(scheme.batch_size)
        self.augmentation = augmentation
        self.images: list[Tensor] = []
        self.classes: list[tuple[Tensor, Tensor]] = []
        scans, swap = cohort.own_space(scans), other_side(cohort.labels)
        self.ids = [scan.id for scan in scans]
        for scan in scans:
            subject = cohort.load(scan.id)
            if subject.labels is None:
                raise DataError(
                    f"scan '{scan.id}' has no label map, which a supervised recipe learns from",
                    "leave it out of the training split, or train a recipe that needs no labels",
                )
            maps = (class_map(subject.labels, classes, cohort.protocol(), s) for s in ({}, swap))
            plain, mirrored = (
                torch.from_numpy(one)[None, None].to(engine.device, torch.int16) for one in maps
            )
            self.classes.append((plain, mirrored))
            self.images.append(torch.from_numpy(subject.image)[None, None].to(engine.device))
            require_one_grid(self.images, scans)
        if not self.images:
            raise DataError("there is no training scan", "prepare at least one with labels")
        self.smallest = cropped(tuple(self.images[0].shape[2:]), augmentation)

    @property
    def steps_per_epoch(self) -> int:
        """Batches that cover every image once."""
        return max(1, len(self.images) // self.scheme.batch_size)

    @property
    def content(self) -> str:
        """How many labelled images."""
        return f"{len(self.images)} labelled images"

    def batch(self, step: int) -> Labelled:
        """This rank's images of a step, stacked."""
        items = [self._item(number) for number in self.share.numbers(step)]
        image, classes = (torch.cat(parts) for parts in zip(*items, strict=True))
        return Labelled(image, classes)

    def names(self, step: int) -> list[str]:
        """The images of a step."""
        size = self.scheme.batch_size
        return [self.ids[self._index(number)[0]] for number in range(step * size, (step + 1) * size)]

    def _index(self, number: int) -> tuple[int, int]:
        """The image at a position of the endless sequence, and its epoch."""
        epoch, position = divmod(number, len(self.images))
        order = generator("order", self.scheme.seed, epoch).permutation(len(self.images))
        return int(order[position]), epoch

    def _item(self, number: int) -> tuple[Tensor, Tensor]:
        index, epoch = self._index(number)
        rng = generator("augmentation", self.scheme.seed, epoch, number)
        return augment_labelled(self.images[index], *self.classes[index], self.augmentation, rng)
