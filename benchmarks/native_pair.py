"""Two native scans, not aligned: ``contreg register`` without a model against antspyx' SyN, both with their own start.

    python benchmarks/native_pair.py --source OASIS-TRT-20_volumes --peer-python PEERS/bin/python --rounds 3

``--source`` is the folder of the MindBoggle-101 volumes; subject 1 is moved onto subject 7 (both 1 mm, ASL, native).
``--peer-python`` is an interpreter that has antspyx, which pins an older numpy. The two take turns, ``--rounds`` times,
every run a process of its own that reads, aligns, registers and writes; labels are then warped by antspyx'
``apply_transforms`` from contreg's field file, and by contreg. A JSON record and a table go to
``benchmarks/results/native-pair/``.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.evaluation.overlap import confusion
from contreg_core.transform import read_field
from contreg_core.volume import Volume, read_volume

RESULTS = Path(__file__).parent / "results" / "native-pair"
MOVING, FIXED = 1, 7
UNRELIABLE = {1032, 1033, 2032, 2033}
"""Labels the DKT31 protocol leaves out (frontal and temporal poles)."""
SYN = """
import json, sys, time
import ants
moving, fixed, labels, out = sys.argv[1:]
begun = time.perf_counter()
images = [ants.image_read(path) for path in (fixed, moving)]
found = ants.registration(*images, type_of_transform="SyN")
ants.image_write(found["warpedmovout"], out + "/warped.nii.gz")
seconds = time.perf_counter() - begun
carried = ants.apply_transforms(
    images[0], ants.image_read(labels), found["fwdtransforms"], interpolator="nearestNeighbor")
ants.image_write(carried, out + "/labels.nii.gz")
print(json.dumps({"inner_seconds": seconds, "version": ants.__version__}))
"""
APPLY = """
import sys
import ants
fixed, labels, field, out = sys.argv[1:]
carried = ants.apply_transforms(
    ants.image_read(fixed), ants.image_read(labels), [field], interpolator="nearestNeighbor")
ants.image_write(carried, out)
"""


def main() -> None:
    """Run the rounds, score them, write the record and the table."""
    options = _options()
    rounds: dict[str, list[dict[str, Any]]] = {"contreg": [], "antspyx SyN": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            work = Path(folder) / str(number)
            rounds["contreg"].append(_contreg(options, work / "contreg"))
            rounds["antspyx SyN"].append(_syn(options, work / "syn"))
        last = Path(folder) / str(options.rounds - 1)
        scores = _scores(options, last)
        scores["agreement"] = _agreement(options, last)
    _write(options, rounds, scores)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", type=Path, required=True, help="folder of the OASIS-TRT-20 volumes")
    parser.add_argument("--peer-python", required=True, help="an interpreter that has antspyx")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turns")
    parser.add_argument("--threads", type=int, default=2, help="threads of each")
    return parser.parse_args()


def _file(options: argparse.Namespace, subject: int, name: str) -> str:
    return str(options.source / f"OASIS-TRT-20-{subject}" / name)


def _image(options: argparse.Namespace, subject: int) -> str:
    return _file(options, subject, "t1weighted_brain.nii.gz")


def _labels(options: argparse.Namespace, subject: int) -> str:
    return _file(options, subject, "labels.DKT31.manual.nii.gz")


def _contreg(options: argparse.Namespace, out: Path) -> dict[str, Any]:
    pair = [_image(options, subject) for subject in (MOVING, FIXED)]
    more = ["--moving-labels", _labels(options, MOVING), "--label-mode", "nearest", "-o", str(out)]
    record, _ = _timed(options, [sys.executable, "-m", "contreg_cli", "register", *pair, *more])
    return record


def _syn(options: argparse.Namespace, out: Path) -> dict[str, Any]:
    out.mkdir(parents=True)
    files = [_image(options, MOVING), _image(options, FIXED), _labels(options, MOVING), str(out)]
    record, said = _timed(options, [options.peer_python, "-c", SYN, *files])
    return {**record, **json.loads(said.splitlines()[-1])}


def _timed(options: argparse.Namespace, command: list[str]) -> tuple[dict[str, Any], str]:
    """Wall and processor seconds of a process and its children, and what it printed."""
    threads = str(options.threads)
    names = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **dict.fromkeys(names, threads)},
    )
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 2), "cpu_seconds": round(spent, 2)}, done.stdout


def _scores(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Mean Dice over the labels of the fixed image, of both, in the order of the table."""
    truth = _read(_labels(options, FIXED))
    wanted = [int(label) for label in np.unique(truth) if label and int(label) not in UNRELIABLE]
    found = {
        "contreg": next((work / "contreg").glob("*_labels.nii.gz")),
        "antspyx SyN": work / "syn/labels.nii.gz",
    }
    dice = {name: confusion(_read(path), truth, wanted).label_dice() for name, path in found.items()}
    return {
        "labels": len(wanted),
        "dice": {name: round(float(np.mean(list(one.values()))), 4) for name, one in dice.items()},
    }


def _agreement(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Labels warped by contreg and by antspyx from contreg's own file: voxels that differ, and how many are no tie."""
    (field,) = (work / "contreg").glob("*to-OASISTRT20*7_mode-image_xfm.nii.gz")
    (own,) = (work / "contreg").glob("*_labels.nii.gz")
    theirs = work / "applied.nii.gz"
    files = [_image(options, FIXED), _labels(options, MOVING), str(field), str(theirs)]
    subprocess.run([options.peer_python, "-c", APPLY, *files], check=True)
    differ = _read(own) != _read(theirs)
    away = _distance_from_tie(read_volume(_labels(options, MOVING), kind="labels"), field)
    return {
        "voxels": int(differ.size),
        "differ": int(differ.sum()),
        "differ_outside_ties": int((differ & (away > 1e-3)).sum()),
    }


def _distance_from_tie(labels: Volume, field: Path) -> NDArray[np.float32]:
    """How far in voxels each voxel's moving point is from the face between two voxels, where nearest is undecided."""
    world = read_field(field)
    points = world.voxels(labels.affine) + np.indices(world.grid.shape, dtype=np.float32)
    return np.asarray(abs((points - np.floor(points)) - 0.5).min(axis=0), np.float32)


def _read(path: str | Path) -> NDArray[np.generic]:
    return read_volume(path, kind="labels").array


def _write(
    options: argparse.Namespace, rounds: dict[str, list[dict[str, Any]]], scores: dict[str, Any]
) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    load = [round(value, 2) for value in os.getloadavg()]
    record = {"rounds": rounds, **scores, "threads": options.threads, "machine": machine, "load": load}
    (RESULTS / "table.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    text = _table(options, rounds, scores, load)
    (RESULTS / "table.md").write_text(text, encoding="utf-8")
    print(text)


def _table(
    options: argparse.Namespace,
    rounds: dict[str, list[dict[str, Any]]],
    scores: dict[str, Any],
    load: list[float],
) -> str:
    lines = ["| method | mean Dice | s (median) | CPU s (median) |", "|---|---:|---:|---:|"]
    for name, runs in rounds.items():
        wall, spent = (statistics.median(run[key] for run in runs) for key in ("seconds", "cpu_seconds"))
        lines.append(f"| {name} | {scores['dice'][name]:.3f} | {wall:.1f} | {spent:.1f} |")
    agreement = scores["agreement"]
    note = (
        f"OASIS-TRT-20 subject {MOVING} onto {FIXED}, native, not aligned; {scores['labels']} DKT31 labels, nearest "
        f"neighbour. Reading, alignment, registration and writing; {options.threads} threads, {options.rounds} runs "
        f"each in turns, load average afterwards {load[0]}."
    )
    told = (
        f"Labels warped from contreg's file by antspyx and by contreg differ in {agreement['differ']} of "
        f"{agreement['voxels']} voxels, {agreement['differ_outside_ties']} of them outside ties (moving points within "
        "1e-3 voxel of a face between two voxels)."
    )
    source = "Images and labels: Klein and Tourville 2012, CC BY-NC-SA 3.0."
    return "\n".join(["# A native pair", "", note, "", *lines, "", told, "", source, ""])


if __name__ == "__main__":
    main()
