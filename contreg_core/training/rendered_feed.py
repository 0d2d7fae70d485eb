"""Training pairs rendered from the label maps of a prepared cohort."""

import zlib
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.cache import CachedCohort, CachedScan
from contreg_core.engine import Engine
from contreg_core.errors import DataError
from contreg_core.rendering.knobs import Rendering
from contreg_core.rendering.maps import ready, regions_of
from contreg_core.rendering.pair import Renderer
from contreg_core.scheme import Scheme
from contreg_core.training.foreground import Box, around, foreground
from contreg_core.training.seeds import generator
from contreg_core.types import Compared, Pair


class RenderedFeed:
    """Batches of rendered pairs; every item is a function of (seed, number) and of the step."""

    def __init__(
        self,
        cohort: CachedCohort,
        scans: Sequence[CachedScan],
        scheme: Scheme,
        knobs: Rendering,
        engine: Engine,
    ) -> None:
        self.scheme, self.knobs, self.device = scheme, knobs, engine.device
        self.share = engine.ranks.share(scheme.batch_size)
        self.ids = [scan.id for scan in scans]
        labels, images = [], []
        for scan in scans:
            subject = cohort.load(scan.id)
            if subject.labels is None:
                raise DataError(f"scan '{scan.id}' has no label map to render", "leave it out of the training split")
            labels.append(subject.labels)
            images.append(subject.image)
        if len(labels) < 2:
            raise DataError(f"{len(labels)} training label maps, expected 2 or more", "prepare more of them")
        if len({one.shape for one in labels}) > 1:
            raise DataError(
                "the label maps have several grids; training needs one",
                "prepare with a crop that brings all to one grid: -s preprocessing.crop=...",
            )
        regions = regions_of(labels, images, cohort.protocol().regions)
        box = around([_box(one) for one in labels], labels[0].shape)
        self.maps = [ready(regions.numbers(one)[box], regions, knobs.finer, engine.device) for one in labels]
        spacing = cohort.preprocessing.spacing * knobs.finer
        self.renderer = Renderer(regions, spacing, knobs, engine.device)
        numbers = [zlib.crc32(scan.subject.encode()) for scan in scans]
        self.numbers = torch.tensor(numbers, device=engine.device)
        self.images = [one.clean[None] for one in self.maps]
        self.smallest = tuple(min(64, size) for size in self.images[0].shape[2:])

    @property
    def steps_per_epoch(self) -> int:
        """Batches that cover every ordered pair of maps once, were they not drawn."""
        count = len(self.maps)
        return max(1, count * (count - 1) // self.scheme.batch_size)

    @property
    def content(self) -> str:
        """How many label maps."""
        return f"pairs rendered from {len(self.maps)} label maps"

    def batch(self, step: int) -> Pair:
        """This rank's pairs of a step, stacked."""
        items = [self._item(number, step) for number in self.share.numbers(step)]
        whole = stacked(items)
        seen = [foreground(image) for pair in items for image in (pair.moving, pair.fixed)]
        return whole.cut(around(seen, whole.space)) if self.scheme.foreground else whole

    def names(self, step: int) -> list[str]:
        """The maps of a step, moving to fixed."""
        size = self.scheme.batch_size
        drawn = [self._maps(number) for number in range(step * size, (step + 1) * size)]
        return [f"{self.ids[i]} to {self.ids[j]}" for i, j in drawn]

    def _maps(self, number: int) -> tuple[int, int]:
        rng = generator("maps", self.scheme.seed, number)
        moving, other = rng.choice(len(self.maps), 2, replace=False).tolist()
        return moving, moving if rng.random() < self.knobs.twice else other

    def _item(self, number: int, step: int) -> Pair:
        i, j = self._maps(number)
        rng = generator("rendering", self.scheme.seed, number)
        risen = min(1.0, step / self.knobs.mixed_after) if self.knobs.mixed_after else 1.0
        mixed = rng.random() < self.knobs.mixed * risen
        pair = self.renderer.pair(self.maps[i], self.maps[j], mixed=mixed, rng=rng)
        numbers = torch.stack((self.numbers[i], self.numbers[j]))[None]
        return replace(pair, subjects=numbers)


def _box(labels: NDArray[np.generic]) -> Box:
    return foreground(torch.from_numpy(labels.astype(np.int32))[None, None])


def stacked(pairs: Sequence[Pair]) -> Pair:
    """Pairs of one each as a batch."""
    if len(pairs) == 1:
        return pairs[0]
    parts = [[getattr(pair.compared, field.name) for pair in pairs] for field in fields(Compared)]
    joined = [torch.cat([getattr(pair, name) for pair in pairs]) for name in ("moving", "fixed", "subjects", "mask")]
    return Pair(*joined, Compared(*(torch.cat(part) for part in parts)))
