"""How a model is asked to answer, in one value: every switch of inference is a field of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from contreg_core.labels import LabelMode

Alignment: TypeAlias = Literal["none", "rigid", "affine"]
Similarity: TypeAlias = Literal["auto", "same", "mapped"]
"""Whether images are compared as they are (``same``), the moving one in the fixed image's contrast (``mapped``), or as
their joint intensities say (``auto``)."""


@dataclass(frozen=True)
class Prediction:
    """``symmetric`` averages both directions (exact inverses, twice the time); ``refine`` improves the field by so many
    steps of descent on the pair itself; with ``samples`` the answer is the mean of so many draws of a model that gives
    a variance. ``label_mode`` is how labels are read between voxels, ``alignment`` what brings the brains together
    beforehand, ``similarity`` how images of two contrasts are compared.
    """

    symmetric: bool = False
    refine: int = 0
    samples: int = 0
    label_mode: "LabelMode" = "linear"
    alignment: Alignment = "affine"
    similarity: Similarity = "auto"

    @property
    def exactly_inverse(self) -> bool:
        """Whether the registration of the swapped images is the inverse, so that it can stand for it."""
        return self.symmetric and not self.refine and not self.samples

    @property
    def words(self) -> tuple[str, ...]:
        """What is done to a network's own answer, for names of files and for people.

        >>> Prediction(symmetric=True, refine=20).words
        ('symmetric', 'refine 20')
        """
        return (*(["symmetric"] * self.symmetric), *([f"refine {self.refine}"] * (self.refine > 0)))


PLAIN = Prediction()
"""The network's own answer."""
