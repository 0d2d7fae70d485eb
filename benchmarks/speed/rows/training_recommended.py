"""A training step of the recommended recipe against the published one."""

from benchmarks.speed.row import Call, Row
from benchmarks.speed.rows import training

ROW = Row(
    "Training step, `contrastive-vae`, batch 1",
    "72 x 96 x 72",
    {"contreg": "own", "published": "own"},
    faster={"published": 6},
    rounds=(3, 5),
    note="another network for the same pair: fewer multiply-adds, half-resolution field, LNCC instead of MSE",
)


def contreg() -> Call:
    """Recipe ``contrastive-vae`` through the training loop."""
    return training.looped("contrastive-vae", 1)


def published() -> Call:
    """Plain torch, float32, eager."""
    return training.plain(1)
