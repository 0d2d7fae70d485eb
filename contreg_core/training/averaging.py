"""Exponential moving average of weights."""

import torch
from torch import Tensor, nn


class WeightAverage:
    """``average <- decay * average + (1 - decay) * weights``, warmed up so that the first steps do not linger."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after a step (0-based)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        own, new = self._floating(self.values), self._floating(module.state_dict())
        torch._foreach_lerp_(own, new, 1 - decay)
        for name, value in module.state_dict().items():
            if not value.is_floating_point():
                self.values[name].copy_(value)

    @staticmethod
    def _floating(values: dict[str, Tensor]) -> list[Tensor]:
        return [value for value in values.values() if value.is_floating_point()]
