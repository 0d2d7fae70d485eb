"""First weights of convolutions, linear layers and norms."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import Tensor, nn

Init: TypeAlias = Literal["he", "normal"]


@dataclass(frozen=True)
class Initialisation:
    """``weights`` is "he" (N(0, 2 / fan-in), biases 0) or "normal" (N(0, 1), biases as torch makes them).

    "normal" is what the released code of Liu et al. 2020 does, whatever its option says (paper-switches.md). Scales of
    norms are drawn from N(gamma_mean, gamma_std^2), their shifts from N(0, beta_std^2).
    """

    weights: Init = "he"
    gamma_mean: float = 1.0
    gamma_std: float = 0.0
    beta_std: float = 0.0

    def apply(self, module: nn.Module) -> None:
        """Draw every first weight of ``module`` from torch's generator, in the order of its layers."""
        for layer in module.modules():
            weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
            if weight is not None and weight.ndim == 1:
                self._norm(weight, bias)
            elif weight is not None:
                self._weights(weight, bias)

    def _weights(self, weight: Tensor, bias: Tensor | None) -> None:
        if self.weights == "normal":
            nn.init.normal_(weight)
            return
        nn.init.kaiming_normal_(weight, nonlinearity="relu")
        if bias is not None:
            nn.init.zeros_(bias)

    def _norm(self, weight: Tensor, bias: Tensor | None) -> None:
        nn.init.normal_(weight, self.gamma_mean, self.gamma_std)
        if bias is not None:
            nn.init.normal_(bias, 0.0, self.beta_std)
