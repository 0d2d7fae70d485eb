"""Real T2 and FLAIR of patients onto T1 of others: Dice of labels carried from atlases, as a user would register them.

``python benchmarks/clinical.py --patients DIR --oasis DIR``: folders of ``patientNN-{T1,T2,FLAIR}.nii.gz`` (Lesjak et
al. 2018, CC BY 4.0, as muschellij2/open_ms_data has them) and of ``OASIS-TRT-20-N`` (Mindboggle-101, CC BY-NC-SA 3.0).
Labels of a patient are the votes of OASIS-TRT 1 to 6, registered T1 to T1; the fixed images are OASIS-TRT 7 to 10 with
their labels by hand. One line of JSON per registration is appended in ``--output``; what is there is not done again.
"""

import argparse
import json
import time
import warnings
from collections import defaultdict
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import contreg
from contreg_core.evaluation import confusion

PATIENTS = ("07", "19")
CONTRASTS = ("T1", "T2", "FLAIR")
HOW = ("same", "auto")
"""Compared as they are, and as contreg does it by default."""


def main() -> None:
    """Whatever is missing, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=Path, required=True)
    parser.add_argument("--oasis", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=Path(".data/clinical"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    log = options.output / "pairs.jsonl"
    done = (
        {tuple(row["pair"]): row for row in map(json.loads, log.read_text().splitlines())}
        if log.exists()
        else {}
    )
    for patient in PATIENTS:
        labels = _labels(patient, options)
        for number in range(7, 11):
            for contrast in CONTRASTS:
                for how in HOW:
                    pair = (patient, contrast, f"OASIS-{number}", how)
                    if pair not in done:
                        done[pair] = _register(options, patient, contrast, number, how, labels)
                        with log.open("a") as stream:
                            stream.write(json.dumps({"pair": pair, **done[pair]}) + "\n")
    _print(done)


def _oasis(options: argparse.Namespace, number: int) -> tuple[Path, Path]:
    folder = options.oasis / f"OASIS-TRT-20-{number}"
    return folder / "t1weighted_brain.MNI152.nii.gz", folder / "labels.DKT31.manual.MNI152.nii.gz"


def _labels(patient: str, options: argparse.Namespace) -> Path:
    made = options.output / f"patient{patient}_labels.nii.gz"
    if not made.exists():
        atlases = [_oasis(options, number) for number in range(1, 7)]
        image = options.patients / f"patient{patient}-T1.nii.gz"
        nib.save(contreg.segment(image, atlases, device="cpu").labels, made)
    return made


def _register(
    options: argparse.Namespace, patient: str, contrast: str, number: int, how: str, labels: Path
) -> dict[str, object]:
    fixed, truth = _oasis(options, number)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", contreg.ContregWarning)
        result = contreg.register(
            options.patients / f"patient{patient}-{contrast}.nii.gz", fixed, moving_labels=labels,
            label_mode="nearest", similarity=how, device="cpu",
        )  # fmt: skip
    drawn, own = nib.load(truth), nib.load(labels)
    into = np.linalg.inv(own.affine) @ result.affine @ drawn.affine
    aligned = ndimage.affine_transform(np.asarray(own.dataobj), into, output_shape=drawn.shape, order=0)
    return {
        "before": _dice(aligned, np.asarray(drawn.dataobj)),
        "dice": _dice(np.asarray(result.labels.dataobj), np.asarray(drawn.dataobj)),
        "seconds": round(time.perf_counter() - started, 1),
        "rising": result.quality.contrast.rising,
        "explained": result.quality.contrast.explained,
        "warnings": list(result.warnings),
    }


def _dice(carried: NDArray[np.generic], drawn: NDArray[np.generic]) -> float:
    ids = tuple(int(one) for one in np.unique(drawn) if one)
    return float(
        np.mean(list(confusion(carried.astype(np.int32), drawn.astype(np.int32), ids).label_dice().values()))
    )


def _print(done: dict[tuple[str, ...], dict[str, object]]) -> None:
    found = defaultdict(list)
    for (_, contrast, _, how), row in done.items():
        found[contrast, how].append(row["dice"])
        found[contrast, "before"] += [row["before"]] * (how == "auto")
    print("| moving | pairs | aligned | " + " | ".join(HOW) + " |")
    for contrast in CONTRASTS:
        cells = (f"{np.mean(found[contrast, how]):.3f}" for how in ("before", *HOW))
        print(f"| {contrast} | {len(found[contrast, 'auto'])} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
