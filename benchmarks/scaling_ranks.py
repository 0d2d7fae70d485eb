"""Training speed of two gloo ranks on two cores against one rank, interleaved in one run. Needs two quiet cores.

python benchmarks/scaling_ranks.py     # writes benchmarks/results/scaling-ranks.md and .json

Weak scaling keeps the pairs of a rank: 2 ranks x 1 pair on 2 cores, 1 rank x 1 pair on one. Strong scaling keeps the
batch of 2 pairs: 2 ranks, or 1 rank with one thread, or with two.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from contreg.threads import share_the_processor
from contreg_core.engine import Engine
from contreg_core.plugins import load_catalogue
from contreg_core.provenance import provenance
from contreg_core.ranks import ALONE, Ranks, Share
from contreg_core.ranks.join import joined
from contreg_core.ranks.layers import adopt
from contreg_core.ranks.place import Place
from contreg_core.recipe import build
from contreg_core.training.loop import StepReport, TrainingState, train
from contreg_core.types import Pair

RESULTS = Path(__file__).parent / "results"
CASES = {
    "1 rank x 1 pair, 1 core": (1, 1, 1),
    "2 ranks x 1 pair, 2 cores": (2, 2, 1),
    "1 rank x 2 pairs, 1 core": (1, 2, 1),
    "1 rank x 2 pairs, 2 threads": (1, 2, 2),
}
"""Name -> (ranks, pairs of all ranks, threads of a rank)."""


class Noise:
    """Smooth random pairs, all in memory."""

    steps_per_epoch, content = 1, "noise"

    def __init__(self, share: Share, grid: tuple[int, int, int]) -> None:
        coarse = torch.randn(4, 1, *(size // 8 for size in grid))
        self.images: list[Tensor] = list(
            torch.nn.functional.interpolate(coarse, grid, mode="trilinear").sigmoid().split(1)
        )
        self.share = share

    def batch(self, step: int) -> Pair:
        numbers = self.share.numbers(step)
        moving, fixed = (torch.cat([self.images[(2 * n + side) % 4] for n in numbers]) for side in (0, 1))
        return Pair(moving, fixed, torch.tensor([[2 * n, 2 * n + 1] for n in numbers]))


def training(model: str, grid: tuple[int, int, int], ranks: Ranks, batch: int) -> Iterator[StepReport]:
    """Steps without end."""
    torch.manual_seed(0)
    catalogue = load_catalogue(plugins=False)
    recipe = catalogue.recipe(model)
    scheme = replace(recipe.training, batch_size=batch, steps=10**9)
    network, objective = build(recipe, catalogue)
    engine = Engine(torch.device("cpu"), False, ranks)
    feed = Noise(ranks.share(batch), grid)
    for part in (network, objective):
        adopt(part)
        engine.place(part)
    return train(TrainingState.start(network, objective, scheme, feed), scheme, feed, engine)


def measure(
    model: str, grid: tuple[int, int, int], ranks: Ranks, rounds: int, steps: int
) -> dict[str, list[float]]:
    """Seconds a step of every case in every round; rank 1 waits while rank 0 works alone."""
    running = {
        name: training(model, grid, ranks if count > 1 else ALONE, batch)
        for name, (count, batch, _) in CASES.items()
        if count > 1 or ranks.first
    }
    found: dict[str, list[float]] = {name: [] for name in CASES}
    for each in range(rounds + 1):
        for name, (_, _, threads) in CASES.items():
            ranks.largest(0.0)
            if name in running:
                seconds = _seconds(running[name], steps, _cores(ranks, threads))
                found[name] += [seconds] if each else []  # the first round compiles and warms
    return found


def _cores(ranks: Ranks, threads: int) -> list[int]:
    available = sorted(os.sched_getaffinity(os.getppid()))
    return available[:2] if threads == 2 else [available[ranks.number]]


def _seconds(steps_of: Iterator[StepReport], steps: int, cores: list[int]) -> float:
    torch.set_num_threads(len(cores))
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), cores)
    start = time.perf_counter()
    for _ in range(steps):
        next(steps_of)
    return (time.perf_counter() - start) / steps


def table(model: str, grid: tuple[int, int, int], found: dict[str, list[float]]) -> str:
    """Markdown."""
    middle = {name: statistics.median(values) for name, values in found.items()}
    weak = _ratio(found, "1 rank x 1 pair, 1 core", "2 ranks x 1 pair, 2 cores")
    strong = _ratio(found, "1 rank x 2 pairs, 1 core", "2 ranks x 1 pair, 2 cores")
    threads = _ratio(found, "1 rank x 2 pairs, 1 core", "1 rank x 2 pairs, 2 threads")
    rows = "\n".join(
        f"| {name} | {1000 * value:.0f} | {CASES[name][1] / value:.2f} |" for name, value in middle.items()
    )
    return f"""# Two ranks on two cores

Made by `python benchmarks/scaling_ranks.py`: `{model}` on {" x ".join(map(str, grid))}, float32, gloo, medians of
{len(next(iter(found.values())))} interleaved rounds, and the median of the rounds' ratios.

| | ms a step | pairs a second |
|---|---|---|
{rows}

Weak scaling, 2 ranks against 1 with a pair each: {100 * weak:.0f} % efficiency.
A batch of 2 pairs: 2 ranks are {strong:.2f} times as fast as one core, 2 threads of one rank {threads:.2f} times.
"""


def _ratio(found: dict[str, list[float]], one: str, other: str) -> float:
    return statistics.median(a / b for a, b in zip(found[one], found[other], strict=True))


def start(arguments: list[str]) -> None:
    """Two ranks of this file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    share_the_processor()
    own = {**os.environ, **meeting, "OMP_NUM_THREADS": "2"}
    ranks = [
        subprocess.Popen([sys.executable, __file__, *arguments], env={**own, "RANK": str(number)})
        for number in range(2)
    ]
    codes = [rank.wait() for rank in ranks]
    if any(codes):
        sys.exit(f"ranks ended with {codes}")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="contrastive-vae")
    parser.add_argument("--grid", type=int, nargs=3, default=(80, 96, 80))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    place, grid = Place.found(os.environ), tuple(given.grid)
    if place is None:
        start(sys.argv[1:])
        return
    with joined(place, False, 600.0) as ranks:
        found = measure(given.model, grid, ranks, given.rounds, given.steps)
        if ranks.first:
            record = {**provenance("cpu, float32", {}), "model": given.model, "grid": grid, "seconds": found}
            (given.out / "scaling-ranks.md").write_text(table(given.model, grid, found))
            (given.out / "scaling-ranks.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
