"""A training step of the published network, one pair."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Training step, published network, batch 1",
    "72 x 96 x 72",
    {"contreg": "own", "published": "own"},
    faster={"published": 2.3},
    leaner={"published": 0.6},
    rounds=(3, 5),
    note="2.3x needs bfloat16 units; without them the bound is float32 multiply-adds (490 GFLOP a pair)",
)
SPACE = (72, 96, 72)


def contreg() -> Call:
    """Recipe ``contrastive-vae/reference`` through the training loop."""
    return looped("contrastive-vae/reference", 1)


def published() -> Call:
    """Plain torch, float32, eager."""
    return plain(1)


def looped(recipe: str, batch: int) -> Call:
    """The program's own loop on images that lie in memory."""
    from benchmarks.speed.models import training_loop

    steps = training_loop(recipe, SPACE, batch)

    def call() -> None:
        next(steps)

    return call


def plain(batch: int) -> Call:
    """The published form on the same images."""
    import torch

    from benchmarks.speed.published import Trainer

    torch.manual_seed(0)
    trainer = Trainer()
    moving, fixed = (data.batch(data.image(SPACE, seed)).repeat(batch, 1, 1, 1, 1) for seed in (0, 1))
    labels = data.batch(data.labels(SPACE)).float().repeat(batch, 1, 1, 1, 1)

    def call() -> Any:
        trainer.step(moving, fixed, labels)

    return call
