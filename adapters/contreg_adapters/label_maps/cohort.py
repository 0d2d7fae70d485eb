"""A folder of label maps, without images: each is painted in a clean T1-weighted contrast."""

import csv
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.label_table import Named, found_ids, protocol
from contreg_core.cohort import Cohort, Label, LoadedScan, Protocol, Scan
from contreg_core.errors import DataError, MissingError
from contreg_core.volume import Volume, read_volume, to_ras

_SUFFIXES = (".nii.gz", ".nii", ".mgz")


class LabelMaps(Cohort):
    """Every ``.nii.gz``, ``.nii`` or ``.mgz`` in the folder ``source`` is one subject's label map; all are for training.

    Ids are FreeSurfer's (aseg); one that is not in that table is a region of its own. The image of a scan is its label
    map painted in a clean T1-weighted contrast, and its mask is where it has a label.
    """

    name: ClassVar[str] = "label-maps"
    summary: ClassVar[str] = "a folder of label maps alone, from which training images are rendered"
    default_protocol: ClassVar[str] = "label-maps/contreg"

    def scans(self) -> Sequence[Scan]:
        """One scan a file, by name; all of the split "train"."""
        return [Scan(id=_stem(path), subject=_stem(path), split="train", labels=path) for path in self._files]

    def load(self, scan: Scan) -> LoadedScan:
        """The label map in RAS+, painted."""
        if scan.labels is None:
            raise MissingError(f"{scan.id}: no label map", "take scans from scans()")
        volume = to_ras(read_volume(scan.labels, kind="labels"))
        inside = np.asarray(volume.array) > 0
        if not inside.any():
            raise DataError(f"{scan.labels}: no label", "give a label map of a brain", code="VAL-25")
        return LoadedScan(Volume(painted(volume.array), volume.affine), volume, inside, tuple(volume.notes))

    def label_table(self) -> Sequence[Label]:
        """The labels that any of the maps has."""
        return [row.label for row in self._named]

    def protocols(self) -> Sequence[Protocol]:
        """``label-maps/contreg``: tissues and structures, left and right together."""
        return (protocol(self.default_protocol, self._named),)

    @cached_property
    def _named(self) -> tuple[Named, ...]:
        known = {row.label.id: row for row, _ in freesurfer()}
        ids = sorted(found_ids(self.scans()))
        return tuple(known.get(id_, Named(Label(id_, f"label {id_}"), f"label {id_}")) for id_ in ids)

    @cached_property
    def _files(self) -> list[Path]:
        if self.source is None:
            raise MissingError("label-maps needs a folder", "name it with --source DIR")
        if not self.source.is_dir():
            raise MissingError(f"{self.source} is no folder", "give the folder that holds the label maps")
        found = sorted(path for path in self.source.iterdir() if path.name.endswith(_SUFFIXES))
        if not found:
            raise MissingError(
                f"{self.source}: no file *.nii.gz, *.nii or *.mgz", "give the folder that holds the label maps"
            )
        return found


@cache
def freesurfer() -> tuple[tuple[Named, float], ...]:
    """The rows of ``freesurfer.csv``: a label with its region, and its T1-weighted intensity in [0, 1]."""
    with (files(__package__) / "freesurfer.csv").open(encoding="utf-8") as file:
        return tuple(
            (Named(Label(int(row["id"]), row["name"], row["side"]), row["region"]), float(row["t1"]))
            for row in csv.DictReader(file)
        )


def painted(labels: NDArray[Any]) -> NDArray[np.float32]:
    """Every label at its T1-weighted intensity, background 0; ids FreeSurfer does not have lie between .2 and .9."""
    table = {row.label.id: value for row, value in freesurfer()}
    ids, places = np.unique(labels, return_inverse=True)
    values = [0.0 if id_ == 0 else table.get(int(id_), 0.2 + 0.7 * (int(id_) * 0.618 % 1)) for id_ in ids]
    return np.asarray(values, np.float32)[places].reshape(labels.shape)


def _stem(path: Path) -> str:
    return path.name.removesuffix(next(suffix for suffix in _SUFFIXES if path.name.endswith(suffix)))
