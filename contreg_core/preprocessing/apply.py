"""One scan, one ``Preprocessing``: the image, label map and mask that the cache holds, on one grid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contreg_core.cohort import LoadedScan
from contreg_core.errors import MismatchError
from contreg_core.preprocessing import intensity, nyul
from contreg_core.preprocessing.resample import image_to_spacing, labels_to_spacing
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.volume import Volume, crop_or_pad


@dataclass(frozen=True)
class ProcessedScan:
    """What a cache keeps of a scan: float32 image, integer labels, boolean mask, of one shape and affine."""

    image: Volume
    labels: Volume | None
    mask: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def learn_landmarks(scans: Iterable[LoadedScan], spec: Preprocessing) -> tuple[float, ...]:
    """The 13 Nyul landmarks of ``scans``, one in memory at a time; empty unless the intensity is "nyul"."""
    if spec.intensity != "nyul":
        return ()
    return nyul.average_landmarks(nyul.percentiles(scan.image.array, scan.mask) for scan in scans)


def preprocess(scan: LoadedScan, spec: Preprocessing, landmarks: Sequence[float] = ()) -> ProcessedScan:
    """Resample, crop or pad, standardise inside the mask; "nyul" standardises first and windows last."""
    image = scan.image
    if spec.intensity == "nyul":
        image = replace(image, array=_landmarked(image.array, scan.mask, landmarks))
    if spec.spacing:
        image = image_to_spacing(image, spec.spacing, spec.interpolation)
    image = _cropped(image, spec)
    mask = _labels(replace(scan.image, array=scan.mask.astype(np.uint8)), spec).array.astype(bool)
    labels = None if scan.labels is None else _labels(scan.labels, spec)
    finish = _windowed if spec.intensity == "nyul" else _standardised
    return ProcessedScan(replace(image, array=finish(image.array, mask, spec)), labels, mask, scan.notes)


def standardise_image(
    array: NDArray[np.generic],
    mask: NDArray[np.bool_],
    spec: Preprocessing,
    landmarks: Sequence[float] = (),
) -> NDArray[np.float32]:
    """Only the intensities of ``preprocess``, on the grid the array is on."""
    if spec.intensity != "nyul":
        return _standardised(array, mask, spec)
    return _windowed(_landmarked(array, mask, landmarks), mask, spec)


def _landmarked(
    array: NDArray[np.generic], mask: NDArray[np.bool_], landmarks: Sequence[float]
) -> NDArray[np.float32]:
    wanted = len(nyul.PERCENTILES)
    if len(landmarks) != wanted:
        raise MismatchError(
            f"intensity 'nyul': found {len(landmarks)} landmarks, expected {wanted}",
            "learn them on the training scans first",
        )
    intensity.contrasted(array, mask)
    return nyul.standardise(array, mask, landmarks)


def _standardised(
    array: NDArray[np.generic], mask: NDArray[np.bool_], spec: Preprocessing
) -> NDArray[np.float32]:
    if spec.intensity == "robust":
        return intensity.robust(array, mask, spec.floor)
    if spec.intensity == "zscore":
        return intensity.zscore(array, mask)
    intensity.inside(array, mask)
    return array.astype(np.float32)


def _windowed(
    array: NDArray[np.generic], mask: NDArray[np.bool_], spec: Preprocessing
) -> NDArray[np.float32]:
    """The window takes the extrapolated background to 0; without one the mask must."""
    intensity.inside(array, mask)
    if not spec.window:
        return intensity.on_background(array.astype(np.float32), mask)
    return intensity.window(array, spec.window[0], spec.window[1])


def _labels(volume: Volume, spec: Preprocessing) -> Volume:
    return _cropped(labels_to_spacing(volume, spec.spacing) if spec.spacing else volume, spec)


def _cropped(volume: Volume, spec: Preprocessing) -> Volume:
    return crop_or_pad(volume, spec.crop, spec.crop_offset or None) if spec.crop else volume
