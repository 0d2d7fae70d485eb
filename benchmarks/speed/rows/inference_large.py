"""The same at the size of a 1 mm head."""

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row
from benchmarks.speed.rows import inference

ROW = Row(
    "Inference with warps, published network",
    "160 x 192 x 224",
    {"contreg": "own", "published": "own"},
    faster={"published": 3},
    leaner={"published": 0.45},
    rounds=(1, 2),
    quick=False,
    note="3x needs bfloat16 units; without them the bound is float32 multiply-adds (2266 GFLOP a pair)",
)


def contreg() -> Call:
    """Recipe ``contrastive-vae/reference``."""
    return inference.trained("contrastive-vae/reference", data.LARGE)


def published() -> Call:
    """Plain torch, float32, eager."""
    return inference.plain(data.LARGE)
