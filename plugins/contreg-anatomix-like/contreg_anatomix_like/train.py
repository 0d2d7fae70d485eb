"""``contreg-anatomix-like``: trains the features on synthetic volumes alone."""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_anatomix_like.network import Features, default_file, save_features

SIDE = 24
SHAPES = 12
POINTS = 512
TEMPERATURE = 0.1


def main(arguments: list[str] | None = None) -> None:
    """The console script."""
    parser = argparse.ArgumentParser(
        description="Train the features of the loss anatomix-like, on synthetic volumes."
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=default_file(), help="the file (default: %(default)s)"
    )
    parser.add_argument("--steps", type=int, default=300, help="of Adam (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    save_features(train(given.steps, given.seed), given.output)
    print(given.output)


def train(steps: int, seed: int) -> Features:
    """Features in which a place looks alike in two renderings, and unlike every other place."""
    torch.manual_seed(seed)
    features = Features()
    adam = torch.optim.Adam(features.parameters(), lr=2e-3)
    for _ in range(steps):
        labels, points = shapes(), random_points()
        loss = contrast(*(sampled(features(rendered(labels)), points) for _ in range(2)))
        adam.zero_grad()
        loss.backward()
        adam.step()
    return features


def shapes() -> Tensor:
    """A label map ``(1, 1, 24, 24, 24)``: each voxel belongs to the strongest of a few smooth random fields."""
    coarse = torch.randn(1, SHAPES, 6, 6, 6)
    fields = F.interpolate(coarse, size=[SIDE] * 3, mode="trilinear", align_corners=True)
    return fields.argmax(1, keepdim=True)


def rendered(labels: Tensor) -> Tensor:
    """An image of the labels in [0, 1]: random intensities, blurred, unevenly lit, noisy."""
    image = torch.rand(SHAPES)[labels]
    image = F.avg_pool3d(image, 3, stride=1, padding=1, count_include_pad=False)
    light = F.interpolate(
        1 + 0.2 * torch.randn(1, 1, 3, 3, 3), size=[SIDE] * 3, mode="trilinear", align_corners=True
    )
    return (image * light + 0.02 * torch.randn_like(image)).clamp(0, 1)


def random_points() -> Tensor:
    """Flat indices of voxels."""
    return torch.randperm(SIDE**3)[:POINTS]


def sampled(features: Tensor, points: Tensor) -> Tensor:
    """``(points, channels)`` unit vectors."""
    return F.normalize(features[0].flatten(1)[:, points].T, dim=1)


def contrast(one: Tensor, other: Tensor) -> Tensor:
    """InfoNCE: a point's partner is the same place in the other rendering (van den Oord et al. 2018)."""
    logits = one @ other.T / TEMPERATURE
    target = torch.arange(len(one))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


if __name__ == "__main__":
    main()
