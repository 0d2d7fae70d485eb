"""Wall seconds until help, a list of plugins or a completion is there, interleaved with starting Python and torch.

python benchmarks/startup.py > benchmarks/results/startup.md
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

CONTREG = str(Path(sys.executable).with_name("contreg"))
TORCH = "python -c 'import torch'"
CASES: Mapping[str, Sequence[str]] = {
    "python -c pass": (sys.executable, "-c", "pass"),
    TORCH: (sys.executable, "-c", "import torch"),
    "contreg --help": (CONTREG, "--help"),
    "contreg fit --help": (CONTREG, "fit", "--help"),
    "contreg plugins list": (CONTREG, "plugins", "list"),
    "TAB after contreg fit --model con": (CONTREG,),
    "contreg list": (CONTREG, "list"),
}
TAB = {
    "_CONTREG_COMPLETE": "bash_complete",
    "COMP_WORDS": "contreg fit --model con",
    "COMP_CWORD": "3",
}


def seconds(name: str) -> float:
    """One start."""
    environment = {**os.environ, **(TAB if name.startswith("TAB") else {})}
    start = time.perf_counter()
    subprocess.run(CASES[name], env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print a Markdown table: median, fastest, slowest, and the median of the rounds' ratios to importing torch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for name in CASES:
        seconds(name)  # byte code, names of the catalogue, file cache
    taken = [{name: seconds(name) for name in CASES} for _ in range(rounds)]
    print(f"# Starting\n\n`python benchmarks/startup.py`, {rounds} interleaved rounds, wall seconds.\n")
    print("| command | median | fastest | slowest | of importing torch |\n|---|---|---|---|---|")
    for name in CASES:
        times = [one[name] for one in taken]
        ratio = statistics.median(one[name] / one[TORCH] for one in taken)
        middle, least, most = statistics.median(times), min(times), max(times)
        print(f"| `{name}` | {middle:.3f} | {least:.3f} | {most:.3f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
