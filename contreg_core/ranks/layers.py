"""Layers that look beyond an item: batch norms of the whole batch, dropout that belongs to the item."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from contreg_core.ranks.draws import uniform
from contreg_core.ranks.group import Ranks
from contreg_core.ranks.step import several


def adopt(module: nn.Module) -> None:
    """Let torch's own layers of these kinds take part in the step of all ranks, where they stand; weights stay."""
    for part in module.modules():
        part.__class__ = _KINDS.get(type(part), type(part))


class SharedBatchNorm(_BatchNorm):
    """Batch normalisation over the items of all ranks; torch's own where there is one, and at test."""

    def forward(self, features: Tensor) -> Tensor:
        """``(B, C, ...)`` -> the same shape."""
        ranks = several()
        if ranks is None or not self.training:
            return super().forward(features)
        normed, count, mean, variance = _Norm.apply(features, self.eps, ranks)  # type: ignore[no-untyped-call]
        if self.track_running_stats:
            self._follow(count, mean, variance)
        if self.weight is None:
            return normed.to(features.dtype)
        return torch.addcmul(_channels(self.bias, normed), normed, _channels(self.weight, normed)).to(
            features.dtype
        )

    @torch.no_grad()
    def _follow(self, count: Tensor, mean: Tensor, variance: Tensor) -> None:
        assert self.num_batches_tracked is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        self.num_batches_tracked.add_(1)
        rate = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, rate)
        self.running_var.lerp_(variance * (count / (count - 1)), rate)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of axes: the class this was made of had its own check."""


class _Norm(torch.autograd.Function):
    """``(x - mean) / sqrt(variance + eps)`` in float32, the statistics of all ranks; one exchange each way."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, eps: float, ranks: Ranks
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        count, mean, variance = _statistics(features.float(), ranks)
        scale = (variance + eps).rsqrt()
        normed = (features - _channels(mean, features)) * _channels(scale, features)
        ctx.ranks, ctx.dtype = ranks, features.dtype
        ctx.save_for_backward(normed, scale, count)
        ctx.mark_non_differentiable(count, mean, variance)
        return normed, count, mean, variance

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        normed, scale, count = ctx.saved_tensors
        gradient, axes = gradients[0], _all_but_channels(normed)
        sums = torch.stack((gradient.sum(axes), (gradient * normed).sum(axes)))
        level, slope = ctx.ranks.add(sums) / count
        centred = gradient - _channels(level, normed) - normed * _channels(slope, normed)
        return (centred * _channels(scale, normed)).to(ctx.dtype), None, None


def _statistics(features: Tensor, ranks: Ranks) -> tuple[Tensor, Tensor, Tensor]:
    """Values a channel, their mean and their biased variance over all ranks: two passes, for exactness."""
    axes = _all_but_channels(features)
    count = features.new_tensor([features.numel() / features.shape[1]])
    head = ranks.add(torch.cat((count, features.sum(axes))))
    mean = head[1:] / head[0]
    squares = ranks.add((features - _channels(mean, features)).square().sum(axes))
    return head[0], mean, squares / head[0]


class ItemDropout(_DropoutNd):
    """Dropout whose mask is drawn for the item. Law: N ranks drop what one drops."""

    def forward(self, features: Tensor) -> Tensor:
        """``(B, C, ...)`` -> the same, some of it 0 and the rest scaled to keep the mean."""
        if not self.training or not self.p:
            return features
        kept = uniform(self._drawn_for(features)) >= self.p
        return torch.where(kept, features / max(1 - self.p, torch.finfo(torch.float32).tiny), 0.0)

    def _drawn_for(self, features: Tensor) -> Tensor:
        return features


class ItemChannelDropout(ItemDropout):
    """The same for whole channels."""

    def _drawn_for(self, features: Tensor) -> Tensor:
        return features.flatten(2)[:, :, :1].view(*features.shape[:2], *([1] * (features.ndim - 2)))


_KINDS: dict[type[nn.Module], type[nn.Module]] = {
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d), SharedBatchNorm),
    nn.Dropout: ItemDropout,
    **dict.fromkeys((nn.Dropout1d, nn.Dropout2d, nn.Dropout3d), ItemChannelDropout),
}


def _all_but_channels(features: Tensor) -> list[int]:
    return [axis for axis in range(features.ndim) if axis != 1]


def _channels(values: Tensor, like: Tensor) -> Tensor:
    return values.view(1, -1, *([1] * (like.ndim - 2)))
