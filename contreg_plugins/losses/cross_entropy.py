"""Cross-entropy of predicted shares and truth."""

import torch.nn.functional as F
from torch import Tensor

from contreg_core.components import SegmentationLoss
from contreg_core.kernels import repeatable
from contreg_core.types import Segmented


class CrossEntropy(SegmentationLoss):
    """``-mean log p(true class)`` over voxels and batch, background included."""

    name = "cross-entropy"

    def forward(self, segmented: Segmented) -> Tensor:
        """Logits beside the truth -> nats a voxel, at least 0."""
        if repeatable.wanted():
            return -F.log_softmax(segmented.logits, dim=1).gather(1, segmented.classes).mean()
        return F.cross_entropy(segmented.logits, segmented.classes[:, 0])
