"""Register right and wrong pairs and write down what their quality says, a row each, as they are done.

    python -m benchmarks.wrong_answers --lpba40 LPBA40 --oasis OASIS-TRT-20_volumes --patients ms_patients

Started again, it goes on where it stopped. ``--model`` is a recipe without training or a run. ``python -m
benchmarks.wrong_answers.table`` makes the tables of ``docs/explanation/wrong-answers.md`` of it.
"""

import argparse
import csv
from pathlib import Path

from benchmarks.wrong_answers.cases import cases
from benchmarks.wrong_answers.subjects import Folders
from benchmarks.wrong_answers.table import PAIRS
from benchmarks.wrong_answers.trial import tried
from contreg.loading import load
from contreg_core.inference.trained import registering

_COLUMNS = (
    *("model", "kind", "moving", "fixed", "right_affine", "affine", "found"),
    *("local_right_affine", "local_found"),
    *("edges_before", "edges_after", "missing_mm", "surplus_mm", "stretch", "bending", "explained", "rising"),
    *("ncc_before", "ncc_after", "overlap_before", "overlap_after", "folding", "p99_mm"),
)


def main() -> None:
    """Every case that the file does not hold yet."""
    options = _options()
    folders = Folders(options.lpba40, options.oasis, options.patients)
    loaded = load(options.model, settings=options.settings)
    model = registering(loaded.model, loaded.name)
    done = _done(options.output)
    chosen = [case for case in cases() if not options.only or case.kind in options.only.split(",")]
    for case in chosen[: options.limit]:
        if (options.name, *case) not in done:
            row = {"model": options.name, **tried(model, folders, case)}
            with options.output.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, _COLUMNS).writerow({key: _short(value) for key, value in row.items()})
            print(*row.values(), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("lpba40", "oasis", "patients"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--model", default="svf-adam")
    parser.add_argument("-s", "--settings", action="append", default=[], help="changes of its recipe")
    parser.add_argument("--name", default="svf-adam", help="of the model, in the table")
    parser.add_argument("--only", default="", help="kinds of cases, with commas")
    parser.add_argument("--limit", type=int, help="the first so many cases")
    parser.add_argument("--output", type=Path, default=PAIRS)
    return parser.parse_args()


def _done(path: Path) -> set[tuple[str, ...]]:
    """The cases that the file holds; a new file gets its head."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(",".join(_COLUMNS) + "\n", encoding="utf-8")
    with path.open(newline="", encoding="utf-8") as file:
        return {(row["model"], row["kind"], row["moving"], row["fixed"]) for row in csv.DictReader(file)}


def _short(value: object) -> object:
    return f"{value:.4f}" if isinstance(value, float) else value


if __name__ == "__main__":
    main()
