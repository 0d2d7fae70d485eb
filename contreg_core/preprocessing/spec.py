"""The settings of preprocessing: part of a recipe, and the key of a cache."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from contreg_core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a scan becomes a cached subject.

    Knobs:
        spacing: isotropic voxel size in mm, 0.1 to 50; 0 keeps the scan's own grid.
        interpolation: of images, "linear" (after an anti-aliasing Gaussian) or "bspline"; labels are nearest.
        intensity: "robust" (percentiles 0.5 and 99.5 inside the mask to [0, 1], clipped), "zscore" (inside the
            mask, background 0), "nyul" (landmarks learned on training subjects) or "none".
        floor: with "robust", where the darkest inside the mask goes, below 1; above 0 the brain stands off its
            background, and its border is compared as well as what is inside.
        window: after "nyul", clip to these two values and map to [0, 1]; empty for none.
        landmarks: which scans teach the Nyul landmarks: "train", or "all" (the released code's leak, on purpose).
        crop: size of the final grid in voxels; smaller than the scan crops, larger pads with 0; empty keeps it.
        crop_offset: first voxel of the crop per axis; empty centres it.
    """

    spacing: float = 2.0
    interpolation: Literal["linear", "bspline"] = "linear"
    intensity: Literal["robust", "zscore", "nyul", "none"] = "robust"
    floor: float = 0.0
    window: tuple[float, ...] = ()
    landmarks: Literal["train", "all"] = "train"
    crop: tuple[int, ...] = ()
    crop_offset: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        sensible = self.spacing == 0 or 0.1 <= self.spacing <= 50
        _require(sensible, f"spacing {self.spacing}", "0.1 to 50 mm, or 0 for the scan's own")
        based = self.floor == 0 or (self.intensity == "robust" and 0 < self.floor < 1)
        _require(based, f"floor {self.floor} of intensity '{self.intensity}'", "0 to 1, with 'robust' alone")
        rising = len(self.window) == 2 and self.window[0] < self.window[1]
        _require(not self.window or rising, f"window {self.window}", "two rising values, or nothing")
        sized = len(self.crop) == 3 and min(self.crop) > 0
        _require(not self.crop or sized, f"crop {self.crop}", "three sizes in voxels, or nothing")
        placed = bool(self.crop) and len(self.crop_offset) == 3
        _require(not self.crop_offset or placed, f"crop_offset {self.crop_offset}", "three, beside a crop")

    def record(self) -> dict[str, Any]:
        """The settings by name, as keys of caches are made of them: what was added later only where it does something,
        so that older caches keep their names.
        """
        settings = asdict(self)
        return settings if self.floor else {name: settings[name] for name in settings if name != "floor"}


def _require(holds: bool, found: str, expected: str) -> None:
    if not holds:
        raise UsageError(
            f"preprocessing: found {found}, expected {expected}", "change the recipe or the option"
        )
