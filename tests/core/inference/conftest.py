"""A stand-in for a trained model that answers with a displacement known beforehand, and brains it can be shown."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from contreg_core import spatial
from contreg_core.inference.prediction import PLAIN, Prediction
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.types import Encoding, Field, Pair, Registration
from contreg_core.volume import Volume

PERMUTED = {
    "RAS": np.eye(3),
    "LPS": np.diag([-1.0, -1.0, 1.0]),
    "ASL": np.array([[0, 0, -1.0], [1.0, 0, 0], [0, 1.0, 0]]),
    "PIR": np.array([[0, 0, 1.0], [-1.0, 0, 0], [0, -1.0, 0]]),
}


def turn(degrees=(12, -8, 15)):
    """A rotation about the three axes."""
    a, b, c = np.radians(degrees)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return x @ y @ z


def affine_of(directions, spacing, shape):
    """An affine with these unit columns whose grid is centred in the world."""
    affine = np.eye(4)
    affine[:3, :3] = directions @ np.diag(spacing)
    affine[:3, 3] = -affine[:3, :3] @ (np.array(shape) - 1) / 2
    return affine


def world(affine, shape):
    """World coordinates ``(3, *shape)`` of all voxels."""
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij")).reshape(3, -1)
    return (affine[:3, :3] @ index + affine[:3, 3:]).reshape(3, *shape)


@dataclass
class KnownModel:
    """Answers ``displacement(space)``; with ``inverse`` it has an inverse of its own."""

    displacement: object
    inverse: object = None
    spec: Preprocessing = field(default_factory=lambda: Preprocessing(intensity="none"))
    landmarks: tuple = ()
    prediction: Prediction = PLAIN
    seen: list = field(default_factory=list)

    @property
    def recipe(self):
        return SimpleNamespace(preprocessing=self.spec, name="known")

    @property
    def record(self):
        return {"sha256": "0" * 64}

    @property
    def invertible(self):
        return self.inverse is not None

    def register(self, moving, fixed, *, inverse=False):
        self.seen.append((moving, fixed))
        pair = Pair(torch.from_numpy(moving)[None, None], torch.from_numpy(fixed)[None, None])
        forward = torch.as_tensor(np.asarray(self.displacement(fixed.shape), np.float32))[None]
        back = torch.as_tensor(np.asarray(self.inverse(fixed.shape), np.float32))[None] if inverse else None
        warped = spatial.warp(pair.moving, forward)
        return Registration(pair, Encoding(()), Field(forward), forward, forward, warped, back)


def brain_at(affine, shape, seed=0):
    """A blob with waves inside and nothing around it, the same anatomy on every grid."""
    p = world(affine, shape)
    radius = np.sqrt((p[0] / 26) ** 2 + (p[1] / 30) ** 2 + (p[2] / 24) ** 2)
    waves = 2 + np.sin(p[0] / 7 + seed) + np.cos(p[1] / 8) + np.sin(p[2] / 6 - seed)
    return Volume((waves * np.clip((1 - radius) * 8, 0, 1)).astype(np.float32), affine)


def smooth_velocity(space, strength=2.0, seed=3):
    """A velocity of broad waves that vanishes at the border, at most about ``strength`` voxels."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.linspace(0, np.pi, n) for n in space], indexing="ij")
    window = np.prod([np.sin(a) for a in axes], axis=0)
    phases = rng.uniform(0, 2 * np.pi, (3, 3))
    parts = [sum(np.sin(2 * a + f) for a, f in zip(axes, row, strict=True)) / 3 for row in phases]
    return (strength * np.stack(parts) * window).astype(np.float32)


@pytest.fixture
def tools():
    """The helpers above, for test files (test folders are no packages)."""
    return SimpleNamespace(
        PERMUTED=PERMUTED,
        turn=turn,
        affine_of=affine_of,
        world=world,
        KnownModel=KnownModel,
        brain_at=brain_at,
        smooth_velocity=smooth_velocity,
    )
