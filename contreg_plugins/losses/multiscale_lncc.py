"""Local correlation at several resolutions."""

from typing import Literal

import torch
from torch import Tensor, nn

from contreg_core.components import Loss
from contreg_core.types import Registration
from contreg_plugins.layers.halving import halved
from contreg_plugins.losses.lncc import LNCC


class MultiscaleLNCC(Loss):
    """``sum_k 2^-k LNCC_k``, where both images are halved between one term and the next (Mok & Chung 2020).

    With the windows 7, 5, 3 the last sees 12 voxels of the full image. A network trained in stages gives coarse fields
    first: ``start="field"`` begins at the field's own resolution and leaves out the windows of finer ones.

    Knobs:
        windows: odd edge lengths in voxels, one a resolution, finest first.
        eps: as that of lncc.
        border: as that of lncc.
        start: the first resolution, "image" or "field".
    """

    name = "multiscale-lncc"
    paper = "Mok & Chung 2020"

    def __init__(
        self,
        *,
        windows: tuple[int, ...] = (7, 5, 3),
        eps: float = 1e-6,
        border: Literal["count", "zeros"] = "count",
        start: Literal["image", "field"] = "image",
    ) -> None:
        super().__init__()
        if not windows:
            raise ValueError("windows is empty; give one window a resolution")
        self.scales = nn.ModuleList(LNCC(window=window, eps=eps, border=border) for window in windows)
        self.start = start

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> the weighted sum, in [0, 2]."""
        images = registration.warped, registration.pair.fixed.to(registration.warped.dtype)
        left_out = self._left_out(registration.field.scale)
        values = []
        for number, scale in enumerate(self.scales):
            if number:
                images = halved(images[0]), halved(images[1])
            if number >= left_out:
                assert isinstance(scale, LNCC)
                values.append(scale.dissimilarity(*images) / 2 ** (number - left_out))
        return torch.stack(values).sum()

    def _left_out(self, scale: int) -> int:
        """How many resolutions are finer than the field; the coarsest window always stays."""
        return min(scale.bit_length() - 1, len(self.scales) - 1) if self.start == "field" else 0
