"""The standard deviation of a Gaussian field as an image."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from contreg_core import spatial
from contreg_core.types import Registration


def field_deviation(registration: Registration, spacing: Sequence[float]) -> NDArray[np.float32] | None:
    """Length of the field's standard deviation, ``sqrt(sum_k sigma_k^2)``, ``(*space)`` in mm; None without a variance.

    A deviation on a coarser grid is brought to the image grid: its voxels are larger. For a velocity it is
    the deviation before integration.
    """
    field, space = registration.field, registration.pair.space
    if field.log_variance is None:
        return None
    # The released code of 2020 adds the head's output times noise: there it is the deviation itself.
    sigma = (
        field.log_variance.abs() if field.sampling == "legacy" else torch.exp(field.log_variance.float() / 2)
    )
    sizes = torch.tensor(tuple(spacing[: len(space)]), device=sigma.device) * field.deviation_scale
    length = (sigma.float() * sizes.view(1, -1, *([1] * len(space)))).square().sum(1, keepdim=True).sqrt()
    full = [size * field.deviation_scale for size in length.shape[2:]]
    mode = "trilinear" if len(space) == 3 else "bilinear"
    grown = F.interpolate(length, size=full, mode=mode, align_corners=True)
    values: NDArray[np.float32] = spatial.crop_to(grown, space)[0, 0].cpu().numpy()
    return values
