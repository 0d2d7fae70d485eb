"""What the in-batch contrastive losses share: unit vectors of both images and their scaled cosines."""

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core.types import Registration


def unit_embeddings(registration: Registration) -> tuple[Tensor, Tensor]:
    """Moving and fixed embeddings ``(B, D)``, float32 or wider, of length 1.

    Normalising twice changes nothing, so encoders may give unit vectors or leave their length free.
    """
    embeddings = registration.encoding.embeddings
    assert embeddings is not None, "the recipe checks 'embeddings' before the first step"
    return _unit(embeddings.moving), _unit(embeddings.fixed)


def checked(temperature: float) -> float:
    """A temperature that can divide; ``ValueError`` otherwise."""
    if temperature <= 0:
        raise ValueError(f"temperature {temperature} is not positive")
    return temperature


def _unit(vectors: Tensor) -> Tensor:
    wide = vectors if vectors.dtype == torch.float64 else vectors.float()
    return F.normalize(wide, dim=1, eps=1e-8)
