"""A cohort from a BIDS derivative, as preprocessing pipelines leave it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from contreg_adapters.bids.dataset import read_json, volumes
from contreg_adapters.bids.label_tables import find_table, read_labels, table_ids
from contreg_adapters.bids.naming import BidsFile
from contreg_adapters.bids.participants import splits_of
from contreg_adapters.bids.selection import Query, choose_images, choose_labels, choose_mask
from contreg_adapters.label_table import Named, found_labels, protocol
from contreg_adapters.load import Study, load_scan
from contreg_core.cohort import Cohort, Label, LoadedScan, Protocol, Scan, Split
from contreg_core.errors import DataError

_MOST_PRESENT = 0.8


class Bids(Cohort):
    """Anatomical scans of the BIDS derivative ``source``: image, ``desc-brain_mask``, ``dseg`` and ``dseg.tsv``.

    Without a choice the one ``space`` that all scans have is taken; what is not clear is refused, with what there is.
    The mask is applied. Splits are from ``participants.tsv`` or a seed, by subject. Headers are believed.

    Knobs:
        space: the template of the images and label maps, none for files without one; empty for the one all have.
        res: their resolution entity, none for files without; empty for the only one.
        desc: what was done to the image.
        suffix: the contrast.
        select: more entities of the image, like run-1 or acq-low_run-1.
        labels: the label map's own entities, like desc-aseg or atlas-DKT, none for one without; empty for the only one.
        seed: of the split, where participants.tsv has no column split.
    """

    name: ClassVar[str] = "bids"
    paper: ClassVar[str] = "Gorgolewski et al. 2016"
    summary: ClassVar[str] = "a BIDS derivative of your own: --source FOLDER"
    default_protocol: ClassVar[str] = "bids/contreg"

    def __init__(
        self,
        source: Path | None = None,
        *,
        space: str = "",
        res: str = "",
        desc: str = "preproc",
        suffix: str = "T1w",
        select: str = "",
        labels: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__(None if source is None else Path(source).resolve())
        self.query = Query(suffix, desc, space, res, select)
        self.labels, self.seed = labels, seed

    def scans(self) -> Sequence[Scan]:
        """``sub-01`` or ``sub-01_ses-a``, in order of their names; a bad label table is told here."""
        if self._table:
            table_ids(self._table)
        return self._scans

    def load(self, scan: Scan) -> LoadedScan:
        """One scan in RAS+, 0 outside its mask; labels that a label table does not name become background."""
        study = Study(self.name, table_ids(self._table) if self._table else None, foreign_is_background=True)
        loaded = load_scan(scan, study, self.repairs)
        if scan.mask is None:
            return replace(loaded, notes=(*loaded.notes, _extracted(scan, loaded)))
        outside = float(np.mean(~loaded.mask & (loaded.image.array != 0)))
        masked = replace(loaded.image, array=np.where(loaded.mask, loaded.image.array, 0))
        notes = (*loaded.notes, "the brain mask was applied") if outside else loaded.notes
        return replace(loaded, image=masked, notes=notes)

    def label_table(self) -> Sequence[Label]:
        """The labels that occur, as the label table calls them."""
        return tuple(row.label for row in self._named)

    def protocols(self) -> Sequence[Protocol]:
        """``bids/contreg``."""
        return (protocol(self.default_protocol, self._named),)

    @cached_property
    def _files(self) -> dict[str, list[BidsFile]]:
        return volumes(self.source)

    @cached_property
    def _images(self) -> dict[str, BidsFile]:
        return choose_images(self._files, self.query)

    @cached_property
    def _maps(self) -> dict[str, BidsFile]:
        return choose_labels(self._images, self._files, self.labels)

    @cached_property
    def _table(self) -> Path | None:
        return None if self.source is None else find_table(self.source, self._maps.values())

    @cached_property
    def _scans(self) -> tuple[Scan, ...]:
        subjects = sorted({f"sub-{image.entities['sub']}" for image in self._images.values()})
        assert self.source is not None, "files were found in it"
        splits, why = splits_of(self.source, subjects, self.seed)
        return tuple(self._scan(name, splits, why) for name in self._images)

    def _scan(self, name: str, splits: Mapping[str, Split], why: str) -> Scan:
        image, labels = self._images[name], self._maps.get(name)
        mask = choose_mask(image, self._files[name])
        subject, space = f"sub-{image.entities['sub']}", image.variant or "native"
        kind = "_".join(filter(None, (labels.beyond(image), "dseg"))) if labels else "none"
        return Scan(
            name,
            subject,
            splits[subject],
            image.path,
            labels.path if labels else None,
            mask.path if mask else None,
            space,
            {"split": why, "image": space, "labels": kind},
        )

    @cached_property
    def _named(self) -> tuple[Named, ...]:
        if self.source is None:
            return ()
        return read_labels(self._table, self._scans) if self._table else found_labels(self._scans)


def _extracted(scan: Scan, loaded: LoadedScan) -> str:
    """A note on an image without a mask; raises ``DataError`` where it holds more than a brain."""
    assert scan.image is not None, "it was loaded"
    name = scan.image.name.removesuffix(".gz").removesuffix(".nii")
    sidecar = scan.image.with_name(f"{name}.json")
    stripped = read_json(sidecar).get("SkullStripped") if sidecar.is_file() else None
    share = float(loaded.mask.mean())
    if stripped is False or (stripped is None and share > _MOST_PRESENT):
        found = (
            f"{sidecar.name} says SkullStripped: false"
            if stripped is False
            else f"{share:.0%} of it is not 0"
        )
        raise DataError(
            f"{scan.image}: no desc-brain_mask beside it, and {found}",
            "add the mask, or extract the brain first",
        )
    return "no brain mask: the brain is where the image is above 0"
