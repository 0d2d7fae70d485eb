"""BIDS file names: ``sub-01_ses-a_space-MNI_desc-preproc_T1w.nii.gz`` is entities and a suffix."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GRID = ("space", "cohort", "res")
"""The entities that say on which grid a file lies; ``cohort`` is the age group of a template."""
NONE = "none"
"""What a person writes for a file without an entity."""
_WHO = ("sub", "ses")


@dataclass(frozen=True)
class BidsFile:
    """A file and what its name says."""

    path: Path
    entities: Mapping[str, str]
    suffix: str

    @property
    def scan(self) -> str:
        """``sub-01`` or ``sub-01_ses-a``."""
        return joined({key: self.entities[key] for key in _WHO if key in self.entities})

    @property
    def variant(self) -> str:
        """What tells apart the images of one scan: all entities but subject, session and ``desc``."""
        return joined({key: value for key, value in self.entities.items() if key not in (*_WHO, "desc")})

    @property
    def grid(self) -> tuple[str, ...]:
        """Space, cohort and resolution, empty where the name has none."""
        return tuple(self.entities.get(key, "") for key in GRID)

    def agrees(self, other: "BidsFile") -> bool:
        """Whether no entity that both names have differs; what a file shows (``desc``) may."""
        both = (self.entities.keys() & other.entities.keys()) - {"desc"}
        return self.grid == other.grid and all(self.entities[key] == other.entities[key] for key in both)

    def beyond(self, other: "BidsFile") -> str:
        """The entities that ``other`` lacks or has otherwise."""
        return joined(
            {key: value for key, value in self.entities.items() if other.entities.get(key) != value}
        )


def parse(path: Path, *ends: str) -> BidsFile | None:
    """The parts of a name that ends in one of ``ends`` (``.nii.gz``); None for any other name."""
    end = next((end for end in ends if path.name.endswith(end)), None)
    if end is None:
        return None
    *pairs, suffix = path.name.removesuffix(end).split("_")
    split = [pair.partition("-") for pair in pairs]
    if not suffix or not all(key and dash and value for key, dash, value in split):
        return None
    return BidsFile(path, {key: value for key, _, value in split}, suffix)


def entities_of(text: str) -> dict[str, str]:
    """``run-1_acq-low`` as a person writes it, ``none`` and nothing both empty."""
    pairs = [pair.partition("-") for pair in text.split("_") if pair and pair != NONE]
    return {key: value for key, _, value in pairs}


def joined(entities: Mapping[str, str]) -> str:
    """``space-MNI_res-2``."""
    return "_".join(f"{key}-{value}" for key, value in entities.items())
