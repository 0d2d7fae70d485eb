"""How training images are rendered from label maps. Plain values, frozen into every run."""

from dataclasses import dataclass

from contreg_core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """Training on images rendered from label maps (after Hoffmann et al. 2022, SynthMorph), new ones at every step.

    Both images of a pair have an anatomy, a contrast, artefacts and a mask of their own. The losses compare what the
    network does not see: both anatomies in the one clean contrast of the cohort's images, and shares of structures.
    Regions are those of the cohort's own protocol.

    Knobs:
        labels: train so; else on the cohort's images, and nothing below is used.
        finer: voxels of the label maps to one of the rendered images along an axis: partial volume.
        twice: share of pairs that are one map warped twice, between which the true displacement is known.
        mixed: share of pairs whose images have any contrast, each its own; the others are like the cohort's images.
        mixed_after: training steps over which that share rises from 0.
        warp: standard deviation in mm of the random velocity of either anatomy, at its coarsest scale.
        turn: half-width of the random rotation of either anatomy, in degrees about every axis.
        stretch: half-width of the random change of size of either anatomy, along every axis.
        jitter: standard deviation of a region's intensity about the cohort's, where the range is 1.
        noise: largest standard deviation of the noise.
        bias: largest standard deviation of the logarithm of the multiplicative field.
        blur: largest standard deviation of the blur, in voxels.
        slices: share of images with slices of 2 to 4 voxels.
        outer: the region that a mask may leave out: fluid around the brain.
        removed: regions that both images of a pair may lack.
        removal: share of pairs that lack them.
        parts: structures drawn at every step for losses that compare them.
    """

    labels: bool = False
    finer: int = 2
    twice: float = 0.15
    mixed: float = 0.4
    mixed_after: int = 1500
    warp: float = 5.0
    turn: float = 5.0
    stretch: float = 0.06
    jitter: float = 0.06
    noise: float = 0.08
    bias: float = 0.3
    blur: float = 1.0
    slices: float = 0.15
    outer: str = "outer fluid"
    removed: tuple[str, ...] = ("cerebellum cortex", "cerebellum white matter", "brainstem")
    removal: float = 0.35
    parts: int = 6

    def __post_init__(self) -> None:
        for name in ("twice", "mixed", "slices", "removal"):
            _require(name, getattr(self, name), 0 <= getattr(self, name) <= 1, "0 to 1")
        for name in ("mixed_after", "warp", "turn", "jitter", "noise", "bias", "blur", "parts"):
            _require(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        _require("stretch", self.stretch, 0 <= self.stretch < 1, "0 to below 1")
        _require("finer", self.finer, 1 <= self.finer <= 8, "1 to 8")

    @property
    def gives(self) -> frozenset[str]:
        """Facts that losses may rely on."""
        return frozenset({"shares"}) if self.labels else frozenset()


def _require(name: str, found: object, holds: bool, expected: str) -> None:
    if not holds:
        raise UsageError(f"rendering.{name} = {found}, expected {expected}", "change the recipe or the option")
