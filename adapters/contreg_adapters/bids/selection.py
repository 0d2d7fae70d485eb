"""Of all volumes of each scan the one image, mask and label map: nothing ambiguous is chosen silently."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contreg_adapters.bids.naming import NONE, BidsFile, entities_of
from contreg_core.errors import DataError, MissingError, UsageError


@dataclass(frozen=True)
class Query:
    """Which image a person wants; empty is anything, ``none`` for ``space`` and ``res`` a name without it."""

    suffix: str
    desc: str
    space: str = ""
    res: str = ""
    select: str = ""

    def shows(self, file: BidsFile) -> bool:
        """Whether the file is of the wanted kind, on whatever grid."""
        return file.suffix == self.suffix and file.entities.get("desc", NONE) == self.desc

    def wants(self, file: BidsFile) -> bool:
        """Whether the file is of the wanted kind on a wanted grid."""
        asked = {key: value for key, value in (("space", self.space), ("res", self.res)) if value}
        asked |= entities_of(self.select)
        return self.shows(file) and all(file.entities.get(key, NONE) == value for key, value in asked.items())


Files = Mapping[str, Sequence[BidsFile]]


def choose_images(files: Files, query: Query) -> dict[str, BidsFile]:
    """Scan -> image: of the one variant that all scans have, one with a ``space`` before one without.

    Scans without any image of the kind are left out, and where something was asked for, scans that lack it.
    """
    kinds = {scan: [file for file in given if query.shows(file)] for scan, given in files.items()}
    for scan, shown in kinds.items():
        _refuse_twice(scan, shown)
    if not any(kinds.values()):
        raise _no_image(files, query)
    wanted = {scan: [file for file in given if query.wants(file)] for scan, given in kinds.items()}
    asked = bool(query.space or query.res or query.select)
    scans = [scan for scan, given in (wanted if asked else kinds).items() if given]
    counts = Counter(file.variant for given in wanted.values() for file in given)
    common = [variant for variant, count in counts.items() if count == len(scans) > 0]
    spaced = [variant for variant in common if "space-" in variant]
    pool = spaced or common
    if len(pool) != 1:
        raise _unclear(pool, Counter(file.variant for given in kinds.values() for file in given), len(files))
    return {scan: next(file for file in wanted[scan] if file.variant == pool[0]) for scan in scans}


def _refuse_twice(scan: str, files: Sequence[BidsFile]) -> None:
    """Raise ``DataError`` for one image in two files, ``.nii`` beside ``.nii.gz``: no entity tells them apart."""
    names: dict[str, str] = {}
    for file in files:
        name = file.path.name
        stem = name.removesuffix(".gz").removesuffix(".nii")
        if (other := names.setdefault(stem, name)) != name:
            raise DataError(f"{scan}: {other} and {name} are one image in two files", "remove one of the two")


def choose_mask(image: BidsFile, files: Sequence[BidsFile]) -> BidsFile | None:
    """The ``desc-brain_mask`` of an image, the one sharing most entities; raises ``DataError`` for two alike."""
    masks = [f for f in files if f.suffix == "mask" and f.entities.get("desc") == "brain" and f.agrees(image)]
    masks.sort(key=lambda file: -len(file.entities))
    if len(masks) > 1 and len(masks[0].entities) == len(masks[1].entities):
        names = ", ".join(file.path.name for file in masks)
        raise DataError(f"{image.path}: several masks fit: {names}", "keep one beside the image")
    return masks[0] if masks else None


def choose_labels(images: Mapping[str, BidsFile], files: Files, wanted: str) -> dict[str, BidsFile]:
    """Scan -> its ``dseg``: the one kind there is, or the one whose own entities are ``wanted`` (``none``: no such).

    A scan may lack one. Raises ``UsageError`` that lists the kinds where the choice is not clear.
    """
    maps = {
        scan: [file for file in files[scan] if file.suffix == "dseg" and file.agrees(image)]
        for scan, image in images.items()
    }
    kinds = Counter(file.beyond(images[scan]) for scan, given in maps.items() for file in given)
    asked = [kind for kind in kinds if not wanted or entities_of(kind) == entities_of(wanted)]
    if len(asked) > 1 or (wanted and not asked):
        what = f"no label map '{wanted}'" if wanted else "several kinds of label maps"
        example = next((kind for kind in kinds if kind), NONE)
        raise UsageError(
            f"{what}; there are {_listed(kinds, len(images))}",
            f"choose with -s cohort.labels=..., e.g. {example}" if kinds else "leave out cohort.labels",
        )
    return {
        scan: file for scan, given in maps.items() for file in given if file.beyond(images[scan]) in asked
    }


def _no_image(files: Files, query: Query) -> MissingError:
    skipped = ("mask", "dseg", "probseg")
    kinds = Counter(
        f"desc-{file.entities.get('desc', NONE)} {file.suffix}"
        for given in files.values()
        for file in given
        if file.suffix not in skipped
    )
    return MissingError(
        f"no image desc-{query.desc} {query.suffix}; there are {_listed(kinds, len(files))}",
        "choose with -s cohort.desc=... and -s cohort.suffix=...",
    )


def _unclear(pool: Sequence[str], kinds: Mapping[str, int], scans: int) -> UsageError:
    what = "several images a scan fit" if pool else "no image of one kind fits all scans"
    return UsageError(
        f"{what}; there are {_listed(kinds, scans)}",
        "choose with -s cohort.space=NAME (none for files without), -s cohort.res=NAME or -s cohort.select=run-1",
    )


def _listed(kinds: Mapping[str, int], scans: int) -> str:
    rows = (f"{kind or NONE} ({count} of {scans} scans)" for kind, count in sorted(kinds.items()))
    return ", ".join(rows) or "none"
