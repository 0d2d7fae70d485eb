"""One case: registered as contreg does after its alignment, and judged by the labels that no one else has seen."""

import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.wrong_answers.cases import LPBA40, OASIS, Case
from benchmarks.wrong_answers.faults import FAULTS, Damaged
from benchmarks.wrong_answers.subjects import Folders, Subject
from contreg_core.evaluation.overlap import confusion
from contreg_core.inference.alignment import ROUGH_MM, align, aligned
from contreg_core.inference.images import GriddedBrain, resample_to
from contreg_core.inference.prediction import Similarity
from contreg_core.inference.quality import Quality
from contreg_core.inference.register import grid_fixed, register_on_grid
from contreg_core.inference.registrar import Registrar
from contreg_core.labels import warp_labels
from contreg_core.transform.world import Affine
from contreg_core.volume import Volume

_AROUND = 5
"""Voxels around what was lost that are judged with it."""
Labels = NDArray[np.int32]


def tried(model: Registrar, folders: Folders, case: Case) -> dict[str, Any]:
    """A row: Dice by the right affine stage alone, and by the registration in question, with its quality.

    Where a part of the brain was lost, ``local_right_affine`` and ``local_found`` are the share of right labels there
    and around it.
    """
    fixed, moving = folders.subject(case.fixed), folders.subject(case.moving)
    target = grid_fixed(model, fixed.brain)
    truth = _put(fixed.labels, fixed.affine, target)
    sound = folders.subject(case.moving.split("-")[0] + "-T1") if "-" in case.moving else moving
    stage = align(sound.brain, fixed.brain, edge=ROUGH_MM)
    right = _put(sound.labels, np.linalg.inv(stage) @ sound.affine, target)
    damaged = _damaged(folders, case, moving)
    image = np.asarray(damaged.image, np.float32)
    brain = replace(moving.brain, volume=Volume(image, moving.affine), mask=damaged.mask)
    if case.kind != "right":
        stage = align(brain, fixed.brain, edge=ROUGH_MM)
    placed = aligned(brain, stage)
    similarity: Similarity = "same" if case.kind in ("t2", "patient") else "auto"
    result = register_on_grid(model, placed, target, similarity=similarity)
    carried = _put(damaged.labels, placed.volume.affine, target)
    found = warp_labels(carried, result.displacement, "nearest")
    row = {
        **case._asdict(),
        "right_affine": dice(right, truth),
        "affine": dice(carried, truth),
        "found": dice(found, truth),
    }
    if damaged.lost is not None:
        lost = _put(damaged.lost, placed.volume.affine, target) > 0
        judged = ndimage.binary_dilation(lost, iterations=_AROUND) & (truth > 0)
        for name, one in (("right_affine", right), ("found", found)):
            row[f"local_{name}"] = float((one == truth)[judged].mean()) if judged.any() else ""
    return row | _figures(result.quality)


def dice(found: Labels, truth: Labels) -> float:
    """Mean over the labels of the truth."""
    ids = [int(one) for one in np.unique(truth) if one]
    return float(np.nanmean(list(confusion(found, truth, ids).label_dice().values())))


def _damaged(folders: Folders, case: Case, moving: Subject) -> Damaged:
    whole = Damaged(np.asarray(moving.brain.volume.array, np.float32), moving.brain.mask, moving.labels)
    if case.kind not in FAULTS:
        return whole
    rng = np.random.default_rng(zlib.crc32("".join(case).encode()))
    others = LPBA40 if case.moving in LPBA40 else OASIS
    other = folders.subject(others[rng.integers(len(others))]) if case.kind == "mask" else moving
    return FAULTS[case.kind](whole, rng, other.brain.mask)


def _put(array: NDArray[Any], affine: Affine, target: GriddedBrain) -> Labels:
    return resample_to(Volume(array.astype(np.int32), affine), target.grid, 0).astype(np.int32)


def _figures(quality: Quality) -> dict[str, Any]:
    """What stands in the JSON, flat, and the warnings but for those of the images themselves."""
    signs, contrast = quality.evidence, quality.contrast
    assert signs is not None
    return {
        "edges_before": signs.edges_before,
        "edges_after": signs.edges_after,
        "missing_mm": signs.missing_mm,
        "surplus_mm": signs.surplus_mm,
        "stretch": signs.stretch,
        "bending": signs.bending,
        "explained": contrast.explained,
        "rising": contrast.rising,
        "ncc_before": quality.ncc_before,
        "ncc_after": quality.ncc_after,
        "overlap_before": quality.overlap_before,
        "overlap_after": quality.overlap_after,
        "folding": quality.folding_percent_brain,
        "p99_mm": quality.displacement_mm["p99"],
    }
