"""The features: three convolutions, a unit vector for every voxel; and the file they are kept in."""

from pathlib import Path

from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from contreg_core.errors import DataError, MissingError

CHANNELS = 16


class Features(nn.Module):
    """``(B, 1, *space)`` -> ``(B, 16, *space)``, vectors of about length 1. A 2-D image is taken as one slice."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(1, CHANNELS, 3, padding=1),
            nn.GELU(),
            nn.Conv3d(CHANNELS, CHANNELS, 3, padding=2, dilation=2),
            nn.GELU(),
            nn.Conv3d(CHANNELS, CHANNELS, 3, padding=1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Where all features are small, as in an even background, the vector stays short."""
        found = self.layers(image if image.ndim == 5 else image[..., None])
        found = found / (found.square().sum(1, keepdim=True) + 1e-2).sqrt()
        return found if image.ndim == 5 else found[..., 0]


def default_file() -> Path:
    """Where the features lie if nothing else is said."""
    return user_cache_path("contreg-anatomix-like") / "features.safetensors"


def save_features(features: Features, path: Path) -> None:
    """Write the weights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in features.state_dict().items()}, path)


def load_features(path: Path) -> Features:
    """Frozen features; raises ``MissingError`` with the command that makes them."""
    if not path.is_file():
        raise MissingError(
            f"{path}: the features are not trained yet", f"run: contreg-anatomix-like -o {path}"
        )
    features = Features()
    try:
        features.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError) as error:
        raise DataError(
            f"{path}: not the features of this plugin", f"run: contreg-anatomix-like -o {path}"
        ) from error
    return features.requires_grad_(False).eval()
