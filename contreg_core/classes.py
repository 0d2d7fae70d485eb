"""What a supervised model tells apart: each class stands for one label, or for all the labels of a region."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.cohort import Label, Protocol
from contreg_core.errors import MismatchError

Classes: TypeAlias = Literal["regions", "labels"]
_LARGEST = 65536


@dataclass(frozen=True)
class LabelClass:
    """One class: the id it is written as, its name and side, and the label ids of its protocol that belong to it."""

    id: int
    name: str
    labels: tuple[int, ...]
    side: str = ""

    def label(self) -> Label:
        """As a row of a label table."""
        return Label(self.id, self.name, self.side)

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "LabelClass":
        """From what ``asdict`` and JSON made of it."""
        labels = tuple(int(label) for label in record["labels"])
        return cls(int(record["id"]), str(record["name"]), labels, str(record["side"]))


def classes_of(protocol: Protocol, table: Sequence[Label], kind: Classes) -> tuple[LabelClass, ...]:
    """The classes of a protocol, background left out: its regions, numbered from 1, or its labels under their own ids.

    Raises ``MismatchError`` where a label belongs to two regions: it could be only one class.
    """
    if kind == "labels":
        known = {label.id: label for label in table}
        chosen = [known.get(id_, Label(id_, "")) for id_ in protocol.labels if id_]
        return tuple(LabelClass(label.id, label.name, (label.id,), label.side) for label in chosen)
    regions = enumerate(protocol.regions.items(), start=1)
    found = tuple(LabelClass(number, name, tuple(ids)) for number, (name, ids) in regions)
    members = [label for one in found for label in one.labels]
    twice = sorted({label for label in members if members.count(label) > 1})
    if twice:
        raise MismatchError(
            f"protocol '{protocol.name}': labels {', '.join(map(str, twice))} are in two regions",
            "learn the labels one by one: -s training.classes=labels",
        )
    return found


def class_map(
    labels: NDArray[Any],
    classes: Sequence[LabelClass],
    protocol: Protocol,
    swap: Mapping[int, int] | None = None,
) -> NDArray[np.int64]:
    """Class numbers ``(*space)`` of a label map: k for ``classes[k - 1]``, 0 for all else.

    ``swap`` (label id -> the id of the other side) is applied to the map first.
    """
    lookup = np.zeros(_LARGEST, np.int64)
    for number, one in enumerate(classes, start=1):
        lookup[list(one.labels)] = number
    ids = np.arange(_LARGEST)
    for label, other in (swap or {}).items():
        ids[label] = other
    return np.asarray(lookup[protocol.merged(ids)][labels])


def other_side(table: Iterable[Label]) -> dict[int, int]:
    """Label id -> the id of the label of the same name on the other side of the body, for every label that has one."""
    sides = {(label.name, label.side): label.id for label in table if label.side in ("L", "R")}
    opposite = {"L": "R", "R": "L"}
    return {
        id_: sides[name, opposite[side]]
        for (name, side), id_ in sides.items()
        if (name, opposite[side]) in sides
    }
