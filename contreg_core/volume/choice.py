"""What a person says of image files that do not say it themselves, or say two things."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from contreg_core.volume.geometry import check_codes

OrientationFrom: TypeAlias = Literal["agreement", "sform", "qform"]
MAX_VOXELS = 2**31


@dataclass(frozen=True)
class ReadChoice:
    """How to read what has no one meaning; each choice matters only for files that need it.

    ``orientation_from`` is the header form to take where two differ ("agreement" refuses them), ``assume_orientation``
    the axis codes ("LAS") of a file that stores none, ``volume`` the one to take of a 4-D file, ``channel`` the one of
    colour voxels, both counted from 0; ``magnitude`` takes the length of complex voxels. A header
    that claims more than ``max_voxels`` is refused, with ``strict`` an image that does not look brain-extracted too.
    """

    orientation_from: OrientationFrom = "agreement"
    assume_orientation: str = ""
    volume: int | None = None
    channel: int | None = None
    magnitude: bool = False
    max_voxels: int = MAX_VOXELS
    strict: bool = False

    def __post_init__(self) -> None:
        if self.assume_orientation:
            check_codes(self.assume_orientation)


AS_IT_SAYS = ReadChoice()
"""Nothing is assumed."""
