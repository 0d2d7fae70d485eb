"""Batch norms folded into the convolutions before them: at test they are one affine map of channels."""

from itertools import pairwise

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

_CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose2d, nn.ConvTranspose3d)


def fold_norms(module: nn.Module) -> None:
    """Fold within every ``nn.Sequential`` of a module in evaluation mode, which then can train no longer.

    The same function up to rounding: the scale goes into the weights, the shift into the bias.
    """
    for part in module.modules():
        if isinstance(part, nn.Sequential):
            for (name, layer), (after, norm) in pairwise(list(part.named_children())):
                if isinstance(layer, (*_CONVOLUTIONS, *_TRANSPOSED)) and _foldable(norm):
                    part[int(name)] = fuse_conv_bn_eval(layer, norm, isinstance(layer, _TRANSPOSED))  # type: ignore[arg-type]
                    part[int(after)] = nn.Identity()


def _foldable(norm: nn.Module) -> bool:
    """One that takes its statistics from training, not from the image."""
    return isinstance(norm, _BatchNorm) and norm.track_running_stats
