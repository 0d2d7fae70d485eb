"""Every trial, and the table of what they found; exit 1 where a promise was broken.

    python tests/reliability/campaign.py                     all of it (make test-reliability)
    python tests/reliability/campaign.py --few --only kill   a sample of one trial
    python tests/reliability/campaign.py --write             also keeps the table, for the documentation too

Linux only: it forks, and it reads /proc.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # children are forked, which threads would not survive

from trials import (
    crowd,
    damage,
    faults,
    hints,
    hostile_hdf5,
    kill,
    orientations,
    overwritten,
    resume,
    stop,
    tally,
)
from trials.scene import Scene

import contreg_core
from contreg_core.provenance import now
from contreg_core.training import session

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "benchmarks" / "results" / "reliability" / "reliability.json"
PAGE = ROOT / "docs" / "explanation" / "reliability.md"
Trial = Callable[[Scene, random.Random, bool], list[tally.Row]]
TRIALS: dict[str, Trial] = {
    "damage": lambda scene, rng, few: damage.trial(
        scene.root / "damage", rng, flips=40 if few else 1000, cuts=10 if few else 200
    ),
    "kill": lambda scene, rng, few: kill.trial(
        scene, rng, at_random=1 if few else 50, named=2 if few else 0
    ),
    "faults": lambda scene, rng, few: faults.trial(scene, rng, most=4 if few else 0),
    "crowd": lambda scene, rng, few: crowd.trial(
        scene, processes=4 if few else 16, reads=200 if few else 10_000
    ),
    "resume": lambda scene, rng, few: resume.trial(
        scene, steps=6 if few else 51, points=2 if few else 50
    ),
    "hostile": lambda scene, rng, few: hostile_hdf5.trial(scene.root / "hostile"),
    "hints": lambda scene, rng, few: hints.trial(),
    "overwritten": lambda scene, rng, few: overwritten.trial(scene.root / "overwritten", few=few),
    "orientations": lambda scene, rng, few: orientations.trial(
        rng, pairs=1 if few else 10, turns=2 if few else 100
    ),
    "stop": lambda scene, rng, few: stop.trial(scene, rng, times=1 if few else 5),
}  # fmt: skip


def main() -> None:
    """Run the trials that were asked for."""
    options = _options()
    session._SAVE_SECONDS = 0.0  # a checkpoint after every step: many more places to be killed at
    with tempfile.TemporaryDirectory(prefix="contreg-trials-") as folder:
        scene = Scene.build(Path(folder).resolve())
        rows = []
        for name in options.only or TRIALS:
            started = time.monotonic()
            rows += (found := TRIALS[name](scene, random.Random(options.seed), options.few))
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
            for line in (line for row in found for line in row.broken):
                print(f"  {line}", file=sys.stderr)
    print(tally.table(tally.record(rows)))
    if options.write:
        _write(tally.record(rows))
    sys.exit(not all(row.kept for row in rows))


def _write(rows: list[dict[str, Any]]) -> None:
    """Keep these rows in place of the ones for the same, and the others as they are."""
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(RECORD.read_text(encoding="utf-8"))["rows"] if RECORD.is_file() else []
    for row in rows:
        row["made"] = now()
        kept = [one for one in kept if (one["trial"], one["of"]) != (row["trial"], row["of"])]
    record = {"contreg": contreg_core.__version__, "rows": [*kept, *rows]}
    RECORD.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    start, rest = PAGE.read_text(encoding="utf-8").split(tally.START)
    _, end = rest.split(tally.END)
    PAGE.write_text(f"{start}{tally.START}\n{tally.table(record['rows'])}{tally.END}{end}", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=TRIALS)
    parser.add_argument("--few", action="store_true", help="a sample of every trial")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="keep the table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
