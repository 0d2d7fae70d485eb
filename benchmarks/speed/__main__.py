"""Speed of contreg beside its peers: ``python -m benchmarks.speed [--peer-python PYTHON]``; ``make bench`` runs it.

Every row of ``rows`` is one piece of work, done in turns by processes that live as long as the row. The record goes to
``NAME.json`` and ``NAME.md`` under ``benchmarks/results``.
"""

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.speed.contest import ROOT, Setting, contest
from benchmarks.speed.machine import machine
from benchmarks.speed.row import Row
from benchmarks.speed.table import markdown

RESULTS = ROOT / "benchmarks" / "results"
ORDER = (
    *("startup", "plugins_list", "completion"),
    *("image_warp", "label_warp", "label_vote", "warp_gradient", "squaring", "lncc", "jacobian"),
    *("dice", "hd95", "cached_read", "inference", "training", "training_recommended"),
    *("register", "inference_large", "training_batch"),
)


def main() -> None:
    """Measure, then write and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(
            options.peer_python, Path(folder), options.threads, not options.quick, options.rounds
        )
        record: dict[str, Any] = {"machine": machine(options.threads), "rows": []}
        for name in options.rows.split(",") if options.rows else ORDER:
            row: Row = importlib.import_module(f"benchmarks.speed.rows.{name}").ROW
            if options.rows or row.quick or not options.quick:
                record["rows"].append(_measured(name, row, setting))
                _write(options.name, record)
    record["cache"] = importlib.import_module("benchmarks.speed.rows.cached_read").sizes()
    if options.scaling:
        from benchmarks.speed.scaling import curves

        record["scaling"] = curves()
    _write(options.name, record)
    print(markdown(record))


def _measured(name: str, row: Row, setting: Setting) -> dict[str, Any]:
    """A peer that is missing or breaks costs its row, not the run."""
    print(name, flush=True)
    try:
        return contest(name, row, setting)
    except (RuntimeError, OSError) as error:
        logs = (
            f"{log.name}: {log.read_text(errors='replace')[-2000:]}"
            for log in setting.folder.glob(f"{name}-*.log")
        )
        print(error, *logs, sep="\n", flush=True)
        return {
            "row": name,
            "title": row.title,
            "work": row.work,
            "failed": str(error),
            "note": "",
            "milliseconds": 0,
        }


def _write(name: str, record: dict[str, Any]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (RESULTS / f"{name}.md").write_text(markdown(record), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no long rows")
    parser.add_argument("--rows", default="", help="only these, by file name, with commas")
    parser.add_argument("--rounds", type=int, default=0, help="instead of each row's own number")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scaling", action="store_true", help="also measure how time and memory grow")
    parser.add_argument("--name", default="speed", help="of the files under benchmarks/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
