"""Features of images that have been seen: over all pairs of a cohort every image is encoded once."""

import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Levels = tuple[Tensor, ...]
_LARGEST = 2**30


@dataclass
class FeatureMemory:
    """The features of the images met last, a GiB at most; an image is known by being the same array, not an equal one.

    An array must not be changed once it was given. Its features go when it goes.
    """

    largest: int = _LARGEST
    known: "OrderedDict[int, tuple[weakref.ref[NDArray[Any]], Levels]]" = field(default_factory=OrderedDict)

    def __call__(self, image: NDArray[np.float32], encode: Callable[[], Levels]) -> Levels:
        """What ``encode()`` gives for ``image``, now or the last time."""
        kept = self.known.get(id(image))
        levels = kept[1] if kept is not None and kept[0]() is image else encode()
        self.known[id(image)] = weakref.ref(image), levels
        self.known.move_to_end(id(image))
        self._forget()
        return levels

    def _forget(self) -> None:
        for name in [name for name, (image, _) in self.known.items() if image() is None]:
            del self.known[name]
        while len(self.known) > 1 and self._bytes() > self.largest:
            self.known.popitem(last=False)

    def _bytes(self) -> int:
        return sum(level.nbytes for _, levels in self.known.values() for level in levels)
