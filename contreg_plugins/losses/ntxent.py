"""NT-Xent, the symmetric in-batch contrastive loss of SimCLR."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration
from contreg_plugins.losses.contrast import checked, unit_embeddings


class NTXent(Loss):
    """``mean_k [-h_k.h_k'/t + log sum_{m != k} exp(h_k.h_m/t)]`` over all 2B images (Chen et al. 2020).

    ``k'`` is the other image of the pair. Invariant to a positive rescaling of any vector, a common
    rotation, the order of the pairs and swapping moving with fixed. A batch of one has no negatives: the
    value is exactly 0.

    Knobs:
        temperature: divides the cosines.
    """

    name = "ntxent"
    paper = "Chen et al. 2020"
    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})

    def __init__(self, *, temperature: float = 0.5) -> None:
        super().__init__()
        self.temperature = checked(temperature)

    def forward(self, registration: Registration) -> Tensor:
        """A registration with embeddings -> scalar, at least 0."""
        vectors = torch.cat(unit_embeddings(registration))
        logits = vectors @ vectors.T / self.temperature
        own = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        partner = torch.arange(len(vectors), device=vectors.device).roll(len(vectors) // 2)
        return F.cross_entropy(logits.masked_fill(own, -torch.inf), partner)
