"""Score segmentation from many references on the pairs of a prepared cohort: every fixed image is segmented once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.cache import CachedCohort, CachedScan, CachedSubject
from contreg_core.classes import LabelClass
from contreg_core.cohort import Protocol, Split
from contreg_core.errors import DataError, UsageError
from contreg_core.evaluation import PairScore, ncc
from contreg_core.evaluation.overlap import foreground
from contreg_core.evaluation.score import counted
from contreg_core.inference import fusion
from contreg_core.inference.evaluate import Register
from contreg_core.inference.evaluate_labels import evaluate_segmenter
from contreg_core.inference.segment import Fusion, most_alike
from contreg_core.inference.staple import staple
from contreg_core.labels import warp_labels
from contreg_core.training.validation import hold_out


@dataclass(frozen=True)
class References:
    """Labelled scans that are registered to an image and vote, the ``most`` similar ones (None: all)."""

    register: Register
    scans: Sequence[CachedScan]
    load: Callable[[str], CachedSubject]
    most: int | None = None
    fuse: Fusion = "majority"

    def scores(
        self,
        cohort: CachedCohort,
        pairs: Sequence[tuple[CachedScan, CachedScan]],
        protocol: Protocol,
    ) -> Iterator[PairScore]:
        """One score per pair, that of its fixed image; see ``evaluate_segmenter``."""
        return evaluate_segmenter(_Segmenter(self, protocol), cohort, pairs, protocol)


@dataclass(frozen=True)
class _Segmenter:
    """References as a segmenter of the labels of a protocol, each a class by itself."""

    references: References
    protocol: Protocol

    @property
    def ids(self) -> tuple[int, ...]:
        """Of the classes, in order."""
        return tuple(dict.fromkeys(foreground(counted(self.protocol))))

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """What can be told apart."""
        return tuple(LabelClass(label, "", (label,)) for label in self.ids)

    def numbers(self, image: NDArray[np.float32]) -> NDArray[np.int64]:
        """Image ``(*space)`` -> class numbers of the same shape."""
        found = [(atlas, self.references.register(atlas.image, image)) for atlas in self._chosen(image)]
        fields = [one.displacement[0].float().cpu().numpy() for _, one in found]
        votes = np.stack([self._carried(atlas, u) for (atlas, _), u in zip(found, fields, strict=True)])
        if self.references.fuse == "staple":
            fused = staple(votes).labels()
        else:
            warped = [one.warped[0, 0].float().cpu().numpy() for _, one in found]
            weighted = self.references.fuse == "weighted"
            fused = fusion.fuse(votes, fusion.local_weights(np.stack(warped), image) if weighted else None)
        return self._numbered(fused)

    def _chosen(self, image: NDArray[np.float32]) -> list[CachedSubject]:
        loaded = [self.references.load(scan.id) for scan in self.references.scans]
        atlases = [atlas for atlas in loaded if atlas.labels is not None]
        if not atlases:
            raise DataError(f"none of {len(loaded)} training scans has labels", "prepare some with labels")
        return most_alike(atlases, self.references.most, lambda atlas: ncc(atlas.image, image, image != 0))

    def _carried(self, atlas: CachedSubject, displacement: NDArray[np.float32]) -> NDArray[Any]:
        assert atlas.labels is not None
        carried: NDArray[Any] = warp_labels(self.protocol.merged(atlas.labels), displacement)
        return carried

    def _numbered(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        lookup = np.zeros(int(max(*self.ids, labels.max())) + 1, np.int64)
        lookup[list(self.ids)] = np.arange(1, len(self.ids) + 1)
        return np.asarray(lookup[labels])


def reference_scans(cohort: CachedCohort, split: Split, held_out: int) -> list[CachedScan]:
    """The labelled scans that may vote when a split is scored: those that trained, for the test those held out too.

    Raises ``UsageError`` for the training split, whose images would be their own references, and ``DataError`` where
    they do not all lie in one space.
    """
    if split == "train":
        raise UsageError("the training subjects are the references", "choose --split validation or test")
    training, validation = hold_out(cohort.scans, held_out)
    scans = [*training, *(validation if split == "test" else [])]
    if len({scan.space for scan in (*scans, *cohort.split("test"))}) > 1:
        raise DataError(
            f"cohort '{cohort.name}': its scans lie in many spaces, expected one",
            "prepare a layout whose scans share a space, or use contreg segment",
        )
    return scans
