"""Two anatomies rendered as a training pair, with what its losses compare."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.rendering import scanner
from contreg_core.rendering.anatomy import between, displacement
from contreg_core.rendering.knobs import Rendering
from contreg_core.rendering.maps import LabelledMap, Regions
from contreg_core.types import Compared, Pair


class Renderer:
    """``renderer.pair(moving, fixed, mixed=..., rng=...)``: a function of the maps and the generator alone."""

    def __init__(self, regions: Regions, spacing: float, knobs: Rendering, device: torch.device) -> None:
        self.regions, self.spacing, self.knobs, self.device = regions, spacing, knobs, device
        names = regions.names
        self.tissue = [index for index, name in enumerate(names) if name != knobs.outer]
        self.removable = [index for index, name in enumerate(names) if name in knobs.removed]

    def pair(self, moving: LabelledMap, fixed: LabelledMap, *, mixed: bool, rng: np.random.Generator) -> Pair:
        """The pair on the maps' grid: ``moving`` and ``fixed`` as the network sees them, ``compared`` for the losses."""
        lacking = rng.random() < self.knobs.removal
        there = [index for index in self.tissue if not (lacking and index in self.removable)]
        parts = sorted(rng.permutation(there)[: self.knobs.parts].tolist())
        first, second = (self._image(one, lacking, parts, mixed, rng) for one in (moving, fixed))
        known = moving is fixed
        truth = between(first[4], second[4]) if known else torch.zeros_like(second[4])
        compared = Compared(
            first[1], second[1], first[2], second[2], truth, torch.tensor([known], device=self.device)
        )
        return Pair(first[0], second[0], None, second[3], compared)

    def _image(
        self, one: LabelledMap, lacking: bool, parts: Sequence[int], mixed: bool, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Seen image, clean image, shares of parts, mask, displacement from the map."""
        table = scanner.mixed(self.regions, rng) if mixed else scanner.alike(self.regions, self.knobs, rng)
        shift = displacement(one.numbers.shape[1:], self.spacing, self.knobs, rng, self.device)
        image, clean = one.painted(table.to(self.device)), one.clean
        tight, full = one.share(self.tissue), one.share(range(len(self.regions.names)))
        if lacking:
            there = 1 - one.share(self.removable)
            image, clean, tight, full = (part * there for part in (image, clean, tight, full))
        warped = spatial.warp(
            torch.cat((image, clean, tight, full, one.shares[parts] / 255))[None], shift, padding="zeros"
        )
        image, clean, tight, full = (warped[:, k : k + 1] for k in range(4))
        inside = scanner.masked(tight, full, rng)
        seen = scanner.scanned(image, inside, self.knobs, rng)
        return seen, clean * tight, warped[:, 4:], inside, shift
