"""What a cohort costs: seconds, bytes and dollars for 10^2 to 10^6 subjects, from measured rates and a price.

``python benchmarks/cost.py`` prints the tables of docs/explanation/cost.md; ``--price`` is dollars an hour of a core.
``python benchmarks/cost.py --measure LPBA40`` prints what ``cost-rates.json`` has from it.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

RATES = Path(__file__).parent / "results" / "cost-rates.json"
SUBJECTS = tuple(10**power for power in range(2, 7))
PRICE = 0.04
"""Dollars an hour of one core: an example, about what clouds ask for a core of a general machine on demand."""


def rows(rates: dict[str, Any], price: float) -> list[tuple[str, ...]]:
    """(work, then "core hours, bytes, dollars" for every number of subjects)."""
    made = []
    for name, rate in rates["work"].items():
        cells = []
        for subjects in SUBJECTS:
            count = 1 if rate["per"] == "run" else subjects
            hours = rate["core_seconds"] * count / 3600
            cells.append(f"{_hours(hours)}, {_size(rate['bytes'] * count)}, {_dollars(hours * price)}")
        made.append((name, *cells))
    return made


def tables(rates: dict[str, Any], price: float = PRICE) -> str:
    """Both tables of the page."""
    own = [
        (name, f"{rate['core_seconds']:g}", _size(rate["bytes"]), rate["source"])
        for name, rate in rates["work"].items()
    ]
    head = ("work", *(f"{subjects:,}" for subjects in SUBJECTS))
    return "\n\n".join(
        (_table(("work", "core seconds", "written", "from"), own), _table(head, rows(rates, price)))
    )


def _table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.2g} min"
    return f"{hours:,.0f} h" if hours >= 10 else f"{hours:.1f} h"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount < 100 else f"${amount:,.0f}"


def measure(source: Path, subjects: int) -> dict[str, Any]:
    """Processor seconds and bytes of ``prepare``, and of all that ``segment`` and ``register`` do beside the model."""
    import torch

    torch.set_num_threads(1)
    from contreg_adapters.lpba40 import Lpba40
    from contreg_core.inference.images import find_brain
    from contreg_core.inference.outputs import Input, write_registration, write_segmentation
    from contreg_core.inference.prediction import PLAIN
    from contreg_core.inference.references import Reference, read_image
    from contreg_core.inference.register import register_images
    from contreg_core.inference.segment import segment_image
    from contreg_core.inference.unregistered import identity
    from contreg_core.plugins import load_catalogue
    from contreg_core.prepare import Preparation
    from contreg_core.volume import write_volume

    recipe = load_catalogue(plugins=False).recipe("contrastive-vae")
    cohort = Lpba40(source)
    scans = cohort.scans()[: subjects + 1]

    class Still:
        """A registrar that finds nothing to do."""

        prediction, landmarks, record, invertible = PLAIN, (), {}, False

        def __init__(self) -> None:
            self.recipe = recipe

        def register(self, moving: Any, fixed: Any, *, inverse: bool = False) -> Any:
            return identity(moving, fixed)

    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        plan = Preparation.plan(cohort, recipe.preprocessing, folder)
        plan.run(scans[0])  # imports and compiles
        start = time.process_time()
        for scan in scans[1:]:
            plan.run(scan)
        prepare = (time.process_time() - start) / subjects, _bytes(plan.folder) / (subjects + 1)
        loaded = [cohort.load(scan) for scan in scans]
        for scan, one in zip(scans, loaded, strict=True):
            write_volume(folder / f"{scan.id}.nii.gz", one.image)
        assert loaded[0].labels is not None
        reference = Reference("reference", find_brain(loaded[0].image), loaded[0].labels)
        costs: dict[str, tuple[float, float]] = {}
        for kind in ("segment", "register"):
            output = folder / kind
            start = time.process_time()
            for scan in scans[1:]:
                image = Input(folder / f"{scan.id}.nii.gz", read_image(folder / f"{scan.id}.nii.gz"))
                if kind == "segment":
                    result = segment_image(Still(), image.volume, [reference])
                    write_segmentation(output, result, image, [], {})
                else:
                    moving = Input(
                        folder / f"{scans[0].id}.nii.gz", read_image(folder / f"{scans[0].id}.nii.gz")
                    )
                    pair = register_images(Still(), moving.volume, image.volume, alignment="affine")
                    write_registration(output, pair, moving, image, {})
            costs[kind] = (time.process_time() - start) / subjects, _bytes(output) / subjects
    return {"prepare": prepare, **costs}


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Print the tables, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--price", type=float, default=PRICE)
    parser.add_argument("--measure", type=Path, metavar="LPBA40")
    parser.add_argument("--subjects", type=int, default=3)
    asked = parser.parse_args()
    if asked.measure:
        print(
            json.dumps(
                {
                    name: [round(x, 3) for x in pair]
                    for name, pair in measure(asked.measure, asked.subjects).items()
                }
            )
        )
        return
    print(tables(json.loads(RATES.read_text()), asked.price))


if __name__ == "__main__":
    main()
