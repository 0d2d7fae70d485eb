"""Local normalised cross-correlation."""

from typing import Literal

import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.constants import constant, kept
from contreg_core.kernels import box_sum, signed_lncc, squared_lncc
from contreg_core.types import Registration
from contreg_plugins.losses.directions import compared, facts

_WIDEST = 99
"""Voxels; a window as wide as a brain is no local one."""


class LNCC(Loss):
    """``1 - mean(cov^2 / (var_warped var_fixed + eps))`` over cubic windows (Avants et al. 2008).

    Windows at the border count only the voxels inside the image, so ``LNCC(I, a I + b) = 0`` everywhere; the
    zero-padded form of VoxelMorph, which lacks that law, is ``border="zeros"``. Statistics are means over the window,
    intensities are expected in about [0, 1].

    Knobs:
        window: odd edge length in voxels, 3 to 99; about 18 mm (9 at 2 mm, 9 to 19 at 1 mm) sees whole folds.
        eps: added to the product of the two variances, above 0, 1 at most; keeps flat background flat.
        signed: 1 - mean(cov / sqrt(var_warped var_fixed + eps)) instead, in [0, 2], for images of one contrast: what is
            inverted disagrees, and faint windows weigh less.
        border: "count" (in-bounds voxels only) or "zeros" (missing voxels are 0, as in VoxelMorph).
        bidirectional: also compare the fixed image carried back with the moving image; directions weigh alike.
        swapped: also compare the network's own registration of the swapped pair; directions weigh alike.
    """

    name = "lncc"
    paper = "Avants et al. 2008"

    def __init__(
        self,
        *,
        window: int = 9,
        eps: float = 1e-6,
        border: Literal["count", "zeros"] = "count",
        signed: bool = False,
        bidirectional: bool = False,
        swapped: bool = False,
    ) -> None:
        super().__init__()
        if not 3 <= window <= _WIDEST or window % 2 == 0:
            raise ValueError(f"window {window}, expected an odd number of voxels, 3 to {_WIDEST}")
        if not 0 < eps <= 1:
            raise ValueError(f"eps {eps}, expected above 0, 1 at most: images are in [0, 1]")
        self.window = window
        self.eps = eps
        self.border = border
        self.signed = signed
        self.bidirectional, self.swapped = bidirectional, swapped

    def needed(self) -> frozenset[str]:
        """The inverse map, or the swapped pair's registration, where they are compared."""
        return facts(bidirectional=self.bidirectional, swapped=self.swapped)

    def coarsened(self, edge: int) -> "LNCC":
        """The odd window nearest to the same length, 3 at least: 9 becomes 5 and 3 for cubes of 2 and 4 voxels."""
        window = max(2 * round((self.window / edge - 1) / 2) + 1, 3)
        return LNCC(
            window=window,
            eps=self.eps,
            border=self.border,
            signed=self.signed,
            bidirectional=self.bidirectional,
            swapped=self.swapped,
        )

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> 1 - mean squared local correlation, in [0, 1]; signed in [0, 2]."""
        directions = compared(registration, bidirectional=self.bidirectional, swapped=self.swapped)
        return torch.stack([self.dissimilarity(warped, fixed) for warped, fixed in directions]).mean()

    def dissimilarity(self, warped: Tensor, fixed: Tensor) -> Tensor:
        """``(B, 1, *space)`` twice -> 1 - mean (squared) local correlation."""
        fixed = fixed.to(warped.dtype)
        count = self._count(fixed)
        correlation = signed_lncc if self.signed else squared_lncc
        return 1 - correlation(warped, fixed, count, self.window, self.eps).mean()

    def _count(self, image: Tensor) -> Tensor:
        if self.border == "zeros":
            return constant([self.window ** (image.ndim - 2)], image, ())
        return _inside(tuple(image.shape[2:]), self.window, image.dtype, image.device)


@kept(16)
def _inside(space: tuple[int, ...], window: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Voxels in bounds of the window around each, ``(1, 1, *space)``; the same at every step."""
    return box_sum(torch.ones(1, 1, *space, dtype=dtype, device=device), window)
