"""A training step of the published network, eight pairs."""

from benchmarks.speed.row import Call, Row
from benchmarks.speed.rows import training

ROW = Row(
    "Training step, published network, batch 8",
    "8 of 72 x 96 x 72",
    {"contreg": "own", "published": "own"},
    faster={"published": 2.8},
    leaner={"published": 0.6},
    rounds=(1, 2),
    quick=False,
    note="2.8x needs bfloat16 units; without them the bound is float32 multiply-adds (490 GFLOP a pair)",
)


def contreg() -> Call:
    """Recipe ``contrastive-vae/reference`` through the training loop."""
    return training.looped("contrastive-vae/reference", 8)


def published() -> Call:
    """Plain torch, float32, eager."""
    return training.plain(8)
