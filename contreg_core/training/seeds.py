"""Random numbers as a function of what they are for, not of what was drawn before: resume is exact so."""

import hashlib

import numpy as np
import torch


def derive(*parts: int | str) -> int:
    """A 63-bit seed from any sequence of numbers and words."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(*parts: int | str) -> np.random.Generator:
    """A numpy generator for these parts."""
    return np.random.default_rng(derive(*parts))


def seed_torch(*parts: int | str) -> None:
    """Reseed torch's own generators (initial weights, noise of a step)."""
    torch.manual_seed(derive(*parts))
