"""A pair through the published network, its image and its labels warped."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Inference with warps, published network",
    "80 x 96 x 80",
    {"contreg": "own", "published": "own", "recommended": "own"},
    faster={"published": 3},
    leaner={"published": 0.45},
    rounds=(3, 7),
    note="3x needs bfloat16 units; without them the bound is float32 multiply-adds (202 GFLOP a pair)",
)
SPACE = data.SMALL


def contreg() -> Call:
    """Recipe ``contrastive-vae/reference``: the same layers."""
    return trained("contrastive-vae/reference", SPACE)


def recommended() -> Call:
    """Recipe ``contrastive-vae``, another network for the same task."""
    return trained("contrastive-vae", SPACE)


def published() -> Call:
    """Plain torch, float32, eager."""
    return plain(SPACE)


def trained(recipe: str, space: tuple[int, ...]) -> Call:
    """What ``contreg evaluate`` does with a pair: register, then carry the labels."""
    from benchmarks.speed.models import trained_model
    from contreg_core.labels import warp_labels

    model = trained_model(recipe, space)
    moving, fixed, labels = data.image(space, 0), data.image(space, 1), data.labels(space)

    def call() -> Any:
        # Copies: the same arrays again would not be encoded again.
        registration = model.register(moving.copy(), fixed.copy())
        warp_labels(labels, registration.displacement[0].float().numpy(), "nearest")

    return call


def plain(space: tuple[int, ...]) -> Call:
    """The published form on the same images."""
    import torch

    from benchmarks.speed.published import Published, register

    torch.manual_seed(0)
    network = Published().eval()
    images = [data.batch(data.image(space, seed)) for seed in (0, 1)]
    labels = data.batch(data.labels(space)).float()

    def call() -> Any:
        with torch.no_grad():
            register(network, *images, labels)

    return call
