"""The main job on real LPBA40: prepare, fit, evaluate, and one table, through the command line a user has.

    python benchmarks/lpba40.py --source LPBA40 --max-time 60m
    python benchmarks/lpba40.py --source LPBA40 --full --device cuda \\
        --models contrastive-vae,contrastive-vae/paper,voxelmorph

Runs and caches go to ``--work`` (never committed); the table, its JSON, the recipes and the scores of every pair go to
``benchmarks/results/NAME/``. Started again, it goes on where it stopped.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PROTOCOL = "lpba40/contreg"
COLUMNS = {
    "7 regions, fused": ("dice_fused", ".3f"),
    "54 labels": ("dice_labels", ".3f"),
    "folding %": ("folding_percent", ".4f"),
    "SDlogJ": ("sdlogj", ".3f"),
    "HD95 mm": ("hd95_mm", ".2f"),
    "ASSD mm": ("assd_mm", ".2f"),
    "s a pair": ("seconds", ".2f"),
}
KEPT = ("recipe.toml", "run.json", "metrics.jsonl")


def main() -> None:
    """Run every step for every model, then write the table."""
    options = _options()
    for model in options.models.split(","):
        _contreg(
            "prepare", "--data", "lpba40", "--source", options.source, "--model", model, *_cache(options)
        )
        _contreg(
            "fit", "--model", model, "--data", "lpba40", "--run", str(_run(options, model)), *_budget(options)
        )
        _contreg("evaluate", str(_run(options, model)), "--protocol", PROTOCOL, *_cache(options))
    _contreg(
        "evaluate",
        "--model",
        "none",
        "--data",
        "lpba40",
        "--protocol",
        PROTOCOL,
        "--output",
        str(options.work / "none"),
        *_cache(options),
    )
    _write(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", required=True, help="folder of LPBA40 in any layout")
    parser.add_argument("--work", type=Path, default=Path(".data/bench"), help="folder for caches and runs")
    parser.add_argument("--models", default="contrastive-vae,voxelmorph")
    parser.add_argument("--max-time", default="60m", help="training time of each model")
    parser.add_argument("--full", action="store_true", help="the recipes' own schemes instead of --max-time")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--name", default="", help="folder under benchmarks/results")
    options = parser.parse_args()
    options.name = options.name or f"lpba40-{'full' if options.full else options.max_time}"
    return options


def _contreg(*arguments: str) -> None:
    print("$ contreg", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "contreg_cli", *arguments], check=True)


def _cache(options: argparse.Namespace) -> list[str]:
    return ["--cache", str(options.work / "cache")]


def _budget(options: argparse.Namespace) -> list[str]:
    budget = [] if options.full else ["--max-time", options.max_time]
    return [*budget, "--device", options.device, *_cache(options)]


def _run(options: argparse.Namespace, model: str) -> Path:
    return Path(options.work / "runs" / f"{model.replace('/', '-')}-{options.name}")


def _write(options: argparse.Namespace) -> None:
    """Collect the summaries into ``table.md`` and ``table.json``, and keep recipes, logs and per-pair scores."""
    folder = RESULTS / options.name
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row("no registration", options.work / "none", {})]
    for model in options.models.split(","):
        run = _run(options, model)
        evaluation = run / "evaluation" / f"{PROTOCOL.replace('/', '-')}-test"
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        rows.append(_row(model, evaluation, record))
        _keep(run, evaluation, folder / model.replace("/", "-"))
    (folder / "table.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    text = _table(rows, options)
    (folder / "table.md").write_text(text, encoding="utf-8")
    print(text)


def _row(name: str, evaluation: Path, record: dict[str, Any]) -> dict[str, Any]:
    summary = json.loads((evaluation / "summary.json").read_text(encoding="utf-8"))
    scores = {key: summary[key] for key, _ in COLUMNS.values()}
    training = {key: record.get(key) for key in ("steps", "training_seconds", "device", "best_validation")}
    return {"model": name, "pairs": summary["pairs"], **scores, **training}


def _table(rows: list[dict[str, Any]], options: argparse.Namespace) -> str:
    lines = [
        "| model | " + " | ".join(COLUMNS) + " | steps | training |",
        "|---|" + "---:|" * (len(COLUMNS) + 2),
    ]
    for row in rows:
        cells = [format(row[key], form) for key, form in COLUMNS.values()]
        time = f"{row['training_seconds'] / 60:.0f} min" if row["training_seconds"] else "-"
        lines.append(f"| {row['model']} | {' | '.join(cells)} | {row['steps'] or '-'} | {time} |")
    device = next((row["device"] for row in rows if row["device"]), "")
    note = f"Protocol `{PROTOCOL}`, {rows[0]['pairs']} ordered pairs of the test subjects; {device}."
    return "\n".join(["# LPBA40, " + options.name, "", note, "", *lines, ""])


def _keep(run: Path, evaluation: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in (*(run / name for name in KEPT), evaluation / "pairs.csv", evaluation / "summary.json"):
        shutil.copy(file, folder / file.name)


if __name__ == "__main__":
    main()
