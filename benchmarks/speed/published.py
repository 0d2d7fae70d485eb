"""The network of Liu et al. 2020 as published, in plain torch, and its training step: the baseline of the speed table.

Written from the layer table of the released network (docs/explanation/baselines.md names the sources): batch norm, max
pooling, transposed convolutions, softmax over three channels before the heads; one image after the other through the
shared encoder; sampling by ``grid_sample`` on a grid that is built every time; float32, eager, Adam.
"""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _block(*channels: int) -> nn.Sequential:
    units = [(nn.Conv3d(a, b, 3, padding=1), nn.BatchNorm3d(b), nn.ReLU()) for a, b in pairwise(channels)]
    return nn.Sequential(*(layer for unit in units for layer in unit))


def _up(inputs: int, outputs: int) -> nn.Sequential:
    rise = nn.ConvTranspose3d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(rise, nn.BatchNorm3d(outputs), nn.ReLU())


class Published(nn.Module):
    """``(moving, fixed)`` of sizes divisible by 8 -> mean, log-variance, and the two unit vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleList([_block(1, 16, 16), _block(16, 32, 32), _block(32, 64, 64)])
        self.project = nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 64)])
        self.deepest = _block(128, 256, 128)
        self.third, self.third_up = _block(256, 128, 128), _up(128, 64)
        self.second, self.second_up = _block(128, 64, 64), _up(64, 32)
        self.last = nn.Sequential(*_block(64, 32), nn.Conv3d(32, 3, 3, padding=1), nn.BatchNorm3d(3))
        self.mean, self.spread = nn.Conv3d(3, 3, 3, padding=1), nn.Conv3d(3, 3, 3, padding=1)

    def encode(self, image: Tensor) -> list[Tensor]:
        """Three levels and the last one pooled."""
        levels = [self.encoder[0](image)]
        for block in self.encoder[1:]:
            levels.append(block(F.max_pool3d(levels[-1], 2)))
        return [*levels, F.max_pool3d(levels[-1], 2)]

    def forward(self, moving: Tensor, fixed: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Field and embeddings."""
        one, two = self.encode(moving), self.encode(fixed)
        a, b = (
            F.normalize(layer(levels[3].mean((2, 3, 4))), dim=1)
            for layer, levels in zip(self.project, (one, two), strict=True)
        )
        rising = self.deepest(torch.cat((one[3], two[3]), 1))
        rising = F.interpolate(rising, scale_factor=2, mode="trilinear", align_corners=True)
        rising = self.third_up(self.third(torch.cat((rising, one[2], two[2]), 1)))
        rising = self.second_up(self.second(torch.cat((rising, one[1], two[1]), 1)))
        rising = self.last(torch.cat((rising, one[0], two[0]), 1)).softmax(1)
        return self.mean(rising), self.spread(rising), a, b


def warp(image: Tensor, displacement: Tensor, mode: str = "bilinear") -> Tensor:
    """A spatial transformer that builds its grid on every call."""
    space = displacement.shape[2:]
    grid = torch.stack(torch.meshgrid([torch.arange(n) for n in space], indexing="ij")).to(displacement)
    sizes = torch.tensor([n - 1 for n in space]).to(displacement).view(1, 3, 1, 1, 1)
    places = 2 * ((grid[None] + displacement) / sizes - 0.5)
    return F.grid_sample(image, places.movedim(1, -1).flip(-1), mode=mode, align_corners=True)


def register(network: Published, moving: Tensor, fixed: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Inference: the warped image, and the label map warped as float32."""
    mean, spread, _, _ = network(moving, fixed)
    displacement = mean + spread
    return warp(moving, displacement), warp(labels, displacement, "nearest")


class Trainer:
    """One optimiser step on a batch: forward, squared difference, divergence, contrast, backward, Adam."""

    def __init__(self) -> None:
        self.network = Published()
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=3e-3)

    def step(self, moving: Tensor, fixed: Tensor, labels: Tensor) -> float:
        """The released code warps the label map in training too, and reads the loss every step."""
        mean, spread, a, b = self.network(moving, fixed)
        displacement = mean + spread * torch.randn_like(mean)
        warped = warp(moving, displacement)
        with torch.no_grad():
            warp(labels, displacement, "nearest")
        divergence = 0.5 * (mean**2 + spread.exp() - 1 - spread).mean()
        total = ((warped - fixed) ** 2).mean() + 0.01 / len(fixed) * divergence + 1e-4 * _contrast(a, b)
        self.optimiser.zero_grad()
        total.backward()
        self.optimiser.step()
        return float(total.detach())


def _contrast(a: Tensor, b: Tensor) -> Any:
    """NT-Xent at temperature 0.5."""
    vectors = torch.cat((a, b))
    similar = vectors @ vectors.T / 0.5
    similar = similar.masked_fill(torch.eye(len(vectors), dtype=torch.bool, device=a.device), -torch.inf)
    partner = torch.arange(len(vectors), device=a.device).roll(len(a))
    return F.cross_entropy(similar, partner)
