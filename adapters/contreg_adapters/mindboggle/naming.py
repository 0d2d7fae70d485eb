"""Names of Mindboggle-101: the cohorts of the 62 subjects in use, and the files of one subject."""

import re
from dataclasses import dataclass
from pathlib import Path

TRAINING = ("NKI-RS-22", "NKI-TRT-20")
TESTING = "OASIS-TRT-20"
COHORTS = (*TRAINING, TESTING)
"""In the order of the published subject numbers."""
OTHERS = ("MMRR-21", "HLN-12", "MMRR-3T7T-2", "Twins-2", "Colin27", "Afterthought")
"""Of the 101, but of no published split."""
SUFFIXES = {"MNI152": (".MNI152.nii.gz", ".MNI152.nii"), "native": (".nii.gz", ".nii")}
"""Space -> ends of its file names, the preferred space first."""
BRAIN = "t1weighted_brain"
LABELS = ("labels.DKT31.manual", "labels.DKT31.manual+aseg")
FUSED = "OASIS-TRT-20_DKT31_CMA_labels_in_MNI152_v2"
"""Whole-brain labels of OASIS-TRT-20, given apart: in a folder beside the subjects or beside their cohort."""


@dataclass(frozen=True)
class Files:
    """Image and label map of one subject in one space."""

    space: str
    image: Path
    labels: Path | None

    @property
    def rank(self) -> tuple[bool, bool]:
        """Smaller is better: labelled files first, then MNI152."""
        return self.labels is None, self.space != "MNI152"


def parse(name: str, cohorts: tuple[str, ...] = COHORTS) -> tuple[int, int] | None:
    """(place of the cohort in ``cohorts``, running number) of a subject folder's name."""
    match = re.fullmatch(r"(.+)-(\d{1,2})", name)
    return (cohorts.index(match[1]), int(match[2])) if match and match[1] in cohorts else None


def subject_files(folder: Path) -> list[Files]:
    """What a subject folder holds in each space, best first; empty without a brain image."""
    found = []
    for space in SUFFIXES:
        if image := _first(folder, space, BRAIN):
            labels = _first(folder, space, *LABELS) or (_fused(folder) if space == "MNI152" else None)
            found.append(Files(space, image, labels))
    return sorted(found, key=lambda files: files.rank)


def _first(folder: Path, space: str, *stems: str) -> Path | None:
    paths = (folder / f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES[space])
    return next((path for path in paths if path.is_file()), None)


def _fused(folder: Path) -> Path | None:
    name = f"{folder.name}_DKT31_CMA_labels_in_MNI152.nii.gz"
    paths = (above / FUSED / name for above in (folder.parent, folder.parent.parent))
    return next((path for path in paths if path.is_file()), None)
