"""Coarse-to-fine velocity: at every level the moving features are warped by what is known so far."""

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contreg_core import spatial
from contreg_core.components import Decoder
from contreg_core.types import Encoding, Field
from contreg_plugins.decoders.descent import Descent
from contreg_plugins.layers.activation import leaky
from contreg_plugins.layers.correlation import local_correlation
from contreg_plugins.layers.dimension import Norm, convolution, normalisation
from contreg_plugins.layers.head import FieldHead, gaussian
from contreg_plugins.layers.layout import channels_last

_WIDEST = 4.0
"""Log-variances stay below it (7 voxels of deviation, more than a brain's folds lie apart): a prior weighs their
exponential, and one out-of-distribution voxel could dominate the loss.
"""


class PyramidDecoder(Decoder):
    """Residual estimation of a Gaussian velocity, level by level (dual-stream pyramid, Hu et al. 2019; LapIRN).

    From the coarsest level on: the velocity so far is doubled in resolution and integrated, the moving features are
    warped by it, compared with the fixed features (concatenation, and a local correlation), and a small network adds a
    residual velocity. The finest level, at half the image's resolution or at its own, is the mean; a second head gives
    the log-variance (Liu et al. 2020, eq. 2). A level's velocity may then be taken further by learned steps of
    descent, each from the images as they lie by then (Qiu et al. 2022).

    Knobs:
        width: channels of the residual networks; 0 takes those of the level's features (less the image).
        squarings: integration steps between levels.
        correlation: radius in voxels of the local correlation at levels coarser than half the image's resolution; 0 for
            none.
        warping: warp the moving features by the coarser levels' field before they are compared.
        carry: pass the residual network's features on to the next finer level.
        norm: of the residual networks.
        mean_std: standard deviation of the mean heads' first weights.
        log_variance: estimate a variance.
        log_variance_std: standard deviation of that head's first weights.
        log_variance_bias: its bias; exp(-10 / 2) voxel is the first standard deviation.
        kind: what the field is, "velocity" or "displacement".
        slope: negative slope of the leaky ReLU.
        bottleneck: how many of the finest levels mix what they compare by a kernel of 1, before one of 3.
        updates: learned steps of descent at each level, finest first, more numbers than levels being left; for encoders
            that give the images.
        full: the finest level is at the images' own resolution, for encoders that give it; else at half of it.
        depth: convolutions more in each level's residual network, finest first, each added to what goes into it; none
            where no number is, more numbers than levels being left.
    """

    name = "pyramid"
    paper = "Hu et al. 2019; Mok & Chung 2020; Liu et al. 2020, eq. 2; Qiu et al. 2022"
    gives: ClassVar[frozenset[str]] = frozenset({"log_variance", "velocity"})
    needs: ClassVar[frozenset[str]] = frozenset({"paired", "half-resolution"})

    def __init__(
        self,
        channels: tuple[int, ...],
        ndim: int,
        *,
        width: int = 0,
        squarings: int = 4,
        correlation: int = 1,
        warping: bool = True,
        carry: bool = True,
        norm: Norm = "none",
        mean_std: float = 1e-3,
        log_variance: bool = True,
        log_variance_std: float = 1e-10,
        log_variance_bias: float = -10.0,
        kind: Literal["velocity", "displacement"] = "velocity",
        slope: float = 0.2,
        bottleneck: int = 0,
        updates: tuple[int, ...] = (),
        full: bool = False,
        depth: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        if min(updates, default=0) < 0:
            raise ValueError(f"updates {updates}, expected numbers of steps of at least 0")
        if min(depth, default=0) < 0:
            raise ValueError(f"depth {depth}, expected numbers of convolutions of at least 0")
        self.squarings = squarings
        self.full = full
        self.compared = len(channels) if not correlation else 1 + full
        self.correlation = correlation
        self.warping = warping
        self.carry = carry
        self.field_kind = kind
        self.descends = any(updates[: len(channels)])
        widths = [width or joint // 2 - self.descends for joint in channels]
        extra = [(2 * correlation + 1) ** ndim if k >= self.compared else 0 for k in range(len(channels))]
        above = [*(widths[1:] if carry else [0] * (len(widths) - 1)), 0]
        deeper = [*depth, *[0] * len(channels)]
        self.blocks = nn.ModuleList(
            nn.Sequential(
                *_residual(
                    ndim, joint + more + up + ndim, out, norm, slope, first=1 if k < bottleneck else 3
                ),
                *(_Deeper(ndim, out, norm, slope) for _ in range(deeper[k])),
            )
            for k, (joint, more, up, out) in enumerate(zip(channels, extra, above, widths, strict=True))
        )
        self.heads = nn.ModuleList(FieldHead(out, ndim, std=mean_std) for out in widths)
        self.descents = nn.ModuleList(
            Descent(ndim, out, steps, std=mean_std, slope=slope)
            for out, steps in zip(widths, updates, strict=False)
        )
        self.log_variance_head = (
            FieldHead(widths[0], ndim, std=log_variance_std, bias=log_variance_bias) if log_variance else None
        )

    def given(self) -> frozenset[str]:
        """A velocity and, where it is estimated, its variance."""
        facts = {"velocity"} if self.field_kind == "velocity" else set()
        return frozenset(facts | ({"log_variance"} if self.log_variance_head is not None else set()))

    def needed(self) -> frozenset[str]:
        """The finest level's resolution, and the images where there are steps of descent."""
        resolution = "full-resolution" if self.full else "half-resolution"
        return frozenset({"paired", resolution} | ({"images"} if self.descends else set()))

    def forward(self, encoding: Encoding) -> Field:
        """Paired features at (1/1,) 1/2, 1/4 ... -> a field at the finest of them."""
        velocity: Tensor | None = None
        features: Tensor | None = None
        log_variance: Tensor | None = None
        for level in reversed(range(len(self.blocks))):
            moving, fixed = encoding.features[level].chunk(2, dim=1)
            velocity, features = self._compare(level, moving, fixed, velocity, features)
            head = self.heads[level]
            assert isinstance(head, FieldHead)
            residual, log_variance = gaussian(head, None if level else self.log_variance_head, features)
            velocity = velocity + residual
            if level < len(self.descents):
                images = moving[:, -1:], fixed[:, -1:]
                velocity = self.descents[level](features, *images, velocity, self._displacement)
        assert velocity is not None
        log_variance = None if log_variance is None else _WIDEST - F.softplus(_WIDEST - log_variance)
        return Field(velocity, log_variance, kind=self.field_kind, scale=1 if self.full else 2)

    def _compare(
        self, level: int, moving: Tensor, fixed: Tensor, velocity: Tensor | None, features: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The velocity so far on this level's grid, and the features of what it leaves."""
        space = fixed.shape[2:]
        if velocity is None:
            wide = torch.promote_types(fixed.dtype, torch.float32)
            velocity = fixed.new_zeros((fixed.shape[0], len(space), *space), dtype=wide)
        else:
            velocity = spatial.resize(velocity, space)
            if self.warping:
                moving = channels_last(spatial.warp_features(moving, self._displacement(velocity)))
        inputs = [moving, fixed, channels_last(velocity.to(fixed.dtype))]
        if level >= self.compared:
            inputs.append(channels_last(local_correlation(moving, fixed, self.correlation)))
        if self.carry and features is not None:
            inputs.append(spatial.stretch(features, space))
        return velocity, self.blocks[level](torch.cat(inputs, dim=1))

    def _displacement(self, velocity: Tensor) -> Tensor:
        if self.field_kind == "displacement":
            return velocity
        return spatial.integrate(velocity, self.squarings)


def _residual(
    ndim: int, channels_in: int, channels: int, norm: Norm, slope: float, *, first: int
) -> nn.Sequential:
    return nn.Sequential(
        convolution(ndim, channels_in, channels, kernel=first),
        normalisation(ndim, channels, norm),
        leaky(slope),
        convolution(ndim, channels, channels),
        normalisation(ndim, channels, norm),
        leaky(slope),
    )


class _Deeper(nn.Module):
    """Features and one convolution of them, which begins at nothing: a wider view, and it learns as before."""

    def __init__(self, ndim: int, channels: int, norm: Norm, slope: float) -> None:
        super().__init__()
        self.convolution = convolution(ndim, channels, channels)
        self.norm = normalisation(ndim, channels, norm)
        self.activation = leaky(slope)
        assert self.convolution.bias is not None
        nn.init.zeros_(self.convolution.weight)
        nn.init.zeros_(self.convolution.bias)

    def forward(self, features: Tensor) -> Tensor:
        """``(B, C, *space)`` -> the same shape."""
        added: Tensor = self.activation(self.norm(self.convolution(features)))
        return features + added
