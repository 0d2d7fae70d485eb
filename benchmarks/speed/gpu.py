"""Speed on one GPU: ``python -m benchmarks.speed.gpu``; ``make bench-gpu`` runs it.

Writes ``gpu.json`` and ``gpu.md`` under ``benchmarks/results``: the card's measured ceilings, a training step and what
200 epochs come to, inference, and the kernels against torch's own sampler and convolutions.
``--device cpu --smoke`` goes through every line on tiny grids.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed import data
from benchmarks.speed.contest import ROOT
from benchmarks.speed.machine import best, ceilings
from benchmarks.speed.models import trained_model, training_loop
from benchmarks.speed.published import Published, Trainer, register, warp
from contreg_core import spatial
from contreg_plugins.losses.lncc import LNCC

PAIRS = 870  # ordered pairs of the paper's 30 training subjects
EPOCHS = 200
RECIPES = ("contrastive-vae/paper", "contrastive-vae")


@dataclass(frozen=True)
class Plan:
    """Sizes and lengths; a row of steps ends after ``seconds``, too."""

    device: str
    crops: tuple[tuple[int, ...], ...] = ((72, 96, 72), (144, 192, 144))
    batches: tuple[int, ...] = (1, 8)
    pair: tuple[int, ...] = (160, 192, 160)
    steps: int = 50
    seconds: float = 4.0
    product: int = 8192

    @classmethod
    def smoke(cls, device: str) -> "Plan":
        """Everything once, tiny."""
        return cls(device, ((32, 32, 32),), (1, 2), (32, 32, 32), steps=2, product=64)


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--smoke", action="store_true", help="tiny grids; nothing is written")
    parser.add_argument("--small", action="store_true", help="without the large crop, for a short lease")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results", metavar="DIR")
    options = parser.parse_args()
    plan = Plan.smoke(options.device) if options.smoke else Plan(options.device)
    if options.small:
        plan = replace(plan, crops=plan.crops[:1])
    record = measured(plan)
    if not options.smoke:
        for suffix, text in (("json", json.dumps(record, indent=1) + "\n"), ("md", markdown(record))):
            (options.output / f"gpu.{suffix}").write_text(text, encoding="utf-8")
    print(markdown(record))


def measured(plan: Plan) -> dict[str, Any]:
    """All tables."""
    ceiling = ceilings(plan.device, torch.bfloat16 if plan.device != "cpu" else None, plan.product)
    return {
        "device": torch.cuda.get_device_name(plan.device) if plan.device != "cpu" else "cpu",
        "torch": torch.__version__,
        "ceilings": ceiling,
        "training": [_training(plan, c, b) for c in plan.crops for b in plan.batches],
        "inference": [_inference(plan, recipe) for recipe in RECIPES],
        "kernels": [*_kernels(plan)],
    }


def _training(plan: Plan, crop: tuple[int, ...], batch: int) -> dict[str, Any]:
    """A step of each recipe and of the published form: seconds, memory, TFLOP/s, and 200 epochs from it."""
    found: dict[str, Any] = {"crop": list(crop), "batch": batch}
    for name in RECIPES:
        loop = training_loop(name, crop, batch, plan.device)
        found[name] = _steps(plan, lambda loop=loop: next(loop), batch)
        del loop  # it holds what its last step did
    trainer = Trainer()
    trainer.network.to(plan.device)
    parts = [data.batch(data.image(crop, seed)).repeat(batch, 1, 1, 1, 1).to(plan.device) for seed in (0, 1)]
    labels = data.batch(data.labels(crop)).float().repeat(batch, 1, 1, 1, 1).to(plan.device)
    found["published"] = _steps(plan, lambda: trainer.step(*parts, labels), batch)
    return found


def _steps(plan: Plan, step: Callable[[], object], batch: int) -> dict[str, float]:
    with FlopCounterMode(display=False) as counter:
        step()
    step()
    _wait(plan.device)
    if plan.device != "cpu":
        torch.cuda.reset_peak_memory_stats()
    count = max(3, min(plan.steps, int(plan.seconds / _seconds(plan, step, 1))))
    seconds = _seconds(plan, step, count)
    peak = torch.cuda.max_memory_allocated() / 2**30 if plan.device != "cpu" else 0.0
    return {
        "ms": 1000 * seconds,
        "gib": peak,
        "tflops": counter.get_total_flops() / seconds / 1e12,
        "minutes": seconds * PAIRS / batch * EPOCHS / 60,
    }


def _seconds(plan: Plan, step: Callable[[], object], count: int) -> float:
    """Mean of some steps, the device's work included."""
    start = time.perf_counter()
    for _ in range(count):
        step()
    _wait(plan.device)
    return (time.perf_counter() - start) / count


def _inference(plan: Plan, recipe: str) -> dict[str, Any]:
    """Host arrays to a host displacement, the image warped; beside the published form."""
    model = trained_model(recipe, plan.pair, plan.device)
    moving, fixed = data.image(plan.pair, 0), data.image(plan.pair, 1)
    network = Published().eval().to(plan.device)
    images = [data.batch(each).to(plan.device) for each in (moving, fixed)]
    labels = data.batch(data.labels(plan.pair)).float().to(plan.device)

    def published() -> object:
        with torch.no_grad():
            return register(network, *images, labels)[0].cpu()

    ours = best(lambda: model.register(moving.copy(), fixed.copy()).displacement.cpu(), plan.device)
    return {"recipe": recipe, "ms": 1000 * ours, "published_ms": 1000 * best(published, plan.device)}


def _kernels(plan: Plan) -> list[dict[str, Any]]:
    """Milliseconds and effective GB/s (what must be read and written, once) of contreg and of the plain form."""
    image = data.batch(data.image(plan.pair)).to(plan.device)
    fixed = data.batch(data.image(plan.pair, 1)).to(plan.device)
    shift = data.batch(data.smooth(3, plan.pair, 3.0)).to(plan.device)
    leaf, slope = image.clone().requires_grad_(), shift.clone().requires_grad_()
    lncc, ones = LNCC(), torch.ones(1, 1, 9, 9, 9, device=plan.device)

    def back(value: torch.Tensor, of: torch.Tensor) -> object:
        return torch.autograd.grad(value.sum(), of)

    def dense() -> object:
        parts = (leaf, fixed, leaf * leaf, fixed * fixed, leaf * fixed)
        a, b, aa, bb, ab = (F.conv3d(part, ones, padding=4) for part in parts)
        n = ones.numel()
        value = (ab - a * b / n) ** 2 / ((aa - a * a / n) * (bb - b * b / n) + 1e-5)
        return back(value, leaf)

    voxels = image.numel()
    works = {
        "warp": (20 * voxels, lambda: spatial.warp(image, shift), lambda: warp(image, shift)),
        "warp, forward and backward": (
            48 * voxels,
            lambda: back(spatial.warp(image, slope), slope),
            lambda: back(warp(image, slope), slope),
        ),
        "LNCC, forward and backward": (
            12 * voxels,
            lambda: back(lncc.dissimilarity(leaf, fixed), leaf),
            dense,
        ),
    }
    return [_kernel(plan, name, *work) for name, work in works.items()]


def _kernel(
    plan: Plan, name: str, size: int, ours: Callable[[], object], plain: Callable[[], object]
) -> dict[str, Any]:
    seconds, other = best(ours, plan.device), best(plain, plan.device)
    return {"kernel": name, "ms": 1000 * seconds, "plain_ms": 1000 * other, "gbs": size / seconds / 1e9}


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def markdown(record: dict[str, Any]) -> str:
    """The tables."""
    ceiling = record["ceilings"]
    lines = [
        f"{record['device']}, torch {record['torch']}; measured ceilings {ceiling['gflops'] / 1000:.0f} TFLOP/s, "
        f"{ceiling['copy_gbs']:.0f} GB/s.",
        "",
        "| training step | batch | form | ms | TFLOP/s | of the ceiling | GiB | 200 epochs, minutes |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for row in record["training"]:
        for form in (*RECIPES, "published"):
            one, size = row[form], " x ".join(map(str, row["crop"]))
            share = one["tflops"] * 1000 / ceiling["gflops"]
            lines.append(
                f"| {size} | {row['batch']} | {form} | {one['ms']:.3g} | {one['tflops']:.3g} | {share:.0%} "
                f"| {one['gib']:.2f} | {one['minutes']:.3g} |"
            )
    lines += ["", "| inference, a pair | ms | published form ms |", "|---|---:|---:|"]
    lines += [
        f"| {row['recipe']} | {row['ms']:.3g} | {row['published_ms']:.3g} |" for row in record["inference"]
    ]
    lines += ["", "| kernel | ms | plain form ms | GB/s | of the ceiling |", "|---|---:|---:|---:|---:|"]
    for row in record["kernels"]:
        share = row["gbs"] / ceiling["copy_gbs"]
        lines.append(
            f"| {row['kernel']} | {row['ms']:.3g} | {row['plain_ms']:.3g} | {row['gbs']:.3g} | {share:.0%} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
