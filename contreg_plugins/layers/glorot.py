"""First weights of convolutions as Keras draws them."""

from torch import nn

CONVOLUTIONS = (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def glorot(module: nn.Module) -> None:
    """Weights uniform in ``+-sqrt(6 / (fan-in + fan-out))``, biases 0 (Glorot & Bengio 2010); the rest stays."""
    for layer in module.modules():
        if isinstance(layer, CONVOLUTIONS):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
