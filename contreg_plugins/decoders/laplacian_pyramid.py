"""LapIRN: velocities from coarse to fine, each level trained after the coarser ones."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from contreg_core.components import Decoder
from contreg_core.types import Encoding, Field
from contreg_plugins.decoders.laplacian_level import Known, Level


class LaplacianPyramid(Decoder):
    """A residual velocity a level, added to the coarser levels' (Mok & Chung 2020, LapIRN).

    Trained in stages: the field comes from the coarsest level alone, on its own grid, until the next level joins. A
    level that joins finds the coarser ones frozen for a while. The number of levels in use is kept in the checkpoint.

    Knobs:
        width: channels of every convolution.
        blocks: residual blocks a level.
        reach: greatest residual velocity of a level, in half axes of the image.
        squarings: integration steps between levels.
        stages: shares of the run after which the second, third ... level join; empty trains all levels together.
        frozen: share of the run for which the coarser levels are frozen when a level joins.
    """

    name = "laplacian-pyramid"
    paper = "Mok & Chung 2020"
    gives: ClassVar[frozenset[str]] = frozenset({"velocity"})
    needs: ClassVar[frozenset[str]] = frozenset({"paired", "full-resolution"})
    active: Tensor

    def __init__(
        self,
        channels: tuple[int, ...],
        ndim: int,
        *,
        width: int = 28,
        blocks: int = 5,
        reach: float = 0.4,
        squarings: int = 7,
        stages: tuple[float, ...] = (),
        frozen: float = 1 / 60,
    ) -> None:
        super().__init__()
        _check(stages, len(channels))
        self.stages, self.frozen = stages, frozen
        self.learning_together = True
        # Every level but the coarsest also reads the velocity known so far.
        known = [ndim] * (len(channels) - 1) + [0]
        self.levels = nn.ModuleList(
            Level(ndim, joint + more, width, blocks=blocks, reach=reach, squarings=squarings)
            for joint, more in zip(channels, known, strict=True)
        )
        self.register_buffer("active", torch.tensor(1 if stages else len(channels)))

    def proceed(self, done: float) -> None:
        """Let levels join; none leaves again where a run's length is planned anew."""
        if not self.stages:
            return
        active = max(int(self.active), 1 + sum(done >= start for start in self.stages))
        self.active.fill_(active)
        self.learning_together = active == 1 or done >= self.stages[active - 2] + self.frozen

    def forward(self, encoding: Encoding) -> Field:
        """Images, finest first -> a velocity on the grid of the finest level in use."""
        finest = len(self.levels) - int(self.active)
        known: Known | None = None
        for number in reversed(range(finest, len(self.levels))):
            learns = torch.is_grad_enabled() and (self.learning_together or number == finest)
            with torch.set_grad_enabled(learns):
                known = self.levels[number](encoding.features[number], known)
        assert known is not None
        return Field(known.velocity, kind="velocity", scale=2**finest)


def _check(stages: tuple[float, ...], levels: int) -> None:
    whole = (0.0, *stages, 1.0)
    if stages and (len(stages) != levels - 1 or sorted(whole) != list(whole)):
        raise ValueError(f"stages {stages}, expected {levels - 1} growing shares of the run, or none")
