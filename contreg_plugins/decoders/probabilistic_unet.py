"""The decoder of Liu et al. 2020: a U-Net's way up, and two heads that are a Gaussian field."""

from typing import ClassVar, Literal

from contreg_core.components import Decoder
from contreg_core.errors import MismatchError
from contreg_core.types import Encoding, Field, FieldKind, Sampling
from contreg_plugins.layers.activation import Activation
from contreg_plugins.layers.ascent import Ascent, AscentStage
from contreg_plugins.layers.dimension import Norm
from contreg_plugins.layers.head import FieldHead, gaussian
from contreg_plugins.layers.initialisation import Init, Initialisation
from contreg_plugins.layers.upsampling import Upsampling


class ProbabilisticUNet(Decoder):
    """``N(mean, exp(log_variance))`` per voxel (Liu et al. 2020, eq. 2), laid out as the released code.

    From the coarsest level up: two convolutions, upsampling, concatenation (decoder, moving, fixed). Two more
    convolutions at the last level, then the heads, in float32 (variants.md).

    Knobs:
        widths: channels of each level's convolutions, finest first, one per level of the encoder.
        bottleneck_width: channels of the coarsest level's first convolution.
        bottleneck_up: from the coarsest level up: "linear" or "transposed" (a convolution).
        up: the same between all other levels.
        norm: "batch", "group", "instance" or "none".
        activation: "relu" or "leaky-relu" (slope 0.2).
        final_width: channels that the heads read; 0 for those of the last level.
        final_activation: what precedes the heads: "none", "relu", "leaky-relu" or "softmax" over channels.
        resolution: 1 for a field on the image grid, 2 for one on half of it.
        kind: what the field is, "displacement" or "velocity".
        log_variance: estimate a variance.
        sampling: "gaussian", or "legacy" for the released code's mean + log_variance x noise.
        mean_std: standard deviation of the mean head's first weights.
        log_variance_std: standard deviation of the other head's.
        log_variance_bias: its bias; exp(-10 / 2) voxel is the first standard deviation.
        init: "he", or "normal" for N(0, 1) in every convolution but the heads.
        gamma_mean: mean of the norms' first scales.
        gamma_std: their standard deviation.
        beta_std: standard deviation of the norms' first shifts.
    """

    name = "probabilistic-unet"
    paper = "Liu et al. 2020, eq. 2"
    gives: ClassVar[frozenset[str]] = frozenset({"log_variance", "velocity"})
    needs: ClassVar[frozenset[str]] = frozenset({"full-resolution"})

    def __init__(
        self,
        channels: tuple[int, ...],
        ndim: int,
        *,
        widths: tuple[int, ...] = (32, 64, 128, 128),
        bottleneck_width: int = 256,
        bottleneck_up: Upsampling = "linear",
        up: Upsampling = "transposed",
        norm: Norm = "batch",
        activation: Literal["relu", "leaky-relu"] = "relu",
        final_width: int = 16,
        final_activation: Activation = "none",
        resolution: Literal[1, 2] = 1,
        kind: FieldKind = "displacement",
        log_variance: bool = True,
        sampling: Sampling = "gaussian",
        mean_std: float = 1e-5,
        log_variance_std: float = 1e-10,
        log_variance_bias: float = -10.0,
        init: Init = "he",
        gamma_mean: float = 1.0,
        gamma_std: float = 0.0,
        beta_std: float = 0.0,
    ) -> None:
        super().__init__()
        if len(widths) != len(channels):
            raise MismatchError(
                f"decoder 'probabilistic-unet' has {len(widths)} widths for {len(channels)} encoder levels",
                "give one width per level of the encoder, finest first: -s decoder.widths=...",
            )
        if len(channels) <= resolution:
            raise MismatchError(
                f"decoder 'probabilistic-unet' stops above level 1/{resolution}, the encoder's coarsest",
                "give the encoder more levels: -s encoder.widths=...",
            )
        self.resolution, self.field_kind, self.sampling = resolution, kind, sampling
        heads_read = final_width or widths[resolution - 1]
        # Coarsest first: the bottleneck, the levels between, and the one that the heads read.
        stages = [
            AscentStage(bottleneck_width, widths[-1], activation, bottleneck_up, widths[-2]),
            *(
                AscentStage(widths[level], widths[level], activation, up, widths[level - 1])
                for level in reversed(range(resolution, len(widths) - 1))
            ),
            AscentStage(widths[resolution - 1], heads_read, final_activation),
        ]
        self.ascent = Ascent(ndim, channels, stages, norm, activation)
        Initialisation(init, gamma_mean, gamma_std, beta_std).apply(self)
        self.mean = FieldHead(heads_read, ndim, std=mean_std)
        variance_head = FieldHead(heads_read, ndim, std=log_variance_std, bias=log_variance_bias)
        self.log_variance = variance_head if log_variance else None

    def given(self) -> frozenset[str]:
        """A variance and a velocity, where the knobs ask for them."""
        facts = {"velocity": self.field_kind == "velocity", "log_variance": self.log_variance is not None}
        return frozenset(fact for fact, given in facts.items() if given)

    def forward(self, encoding: Encoding) -> Field:
        """Features of every level -> a field with ``scale = resolution``."""
        features = self.ascent(encoding.features)
        mean, log_variance = gaussian(self.mean, self.log_variance, features)
        return Field(mean, log_variance, self.field_kind, self.resolution, self.sampling)
