"""Images as a Python program has them, in and out: files, nibabel and SimpleITK images, arrays with their affines."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import UsageError
from contreg_core.inference.outputs import Input
from contreg_core.inference.references import read_image, read_labels
from contreg_core.volume import AS_IT_SAYS, ReadChoice, Volume
from contreg_core.volume.values import whole_numbers
from contreg_core.volume.write import nifti_image

if TYPE_CHECKING:
    import nibabel as nib
    import SimpleITK as sitk

    ImageLike: TypeAlias = (
        str
        | os.PathLike[str]
        | nib.spatialimages.SpatialImage
        | sitk.Image
        | tuple[NDArray[Any], NDArray[Any]]
        | Volume
    )
else:
    ImageLike = Any  # neither nibabel nor SimpleITK is loaded for an annotation
"""A file's path, a nibabel or SimpleITK image, (array ``(X, Y, Z)``, affine 4x4 voxel -> RAS mm), or a ``Volume``."""
Kind: TypeAlias = Literal["file", "nibabel", "SimpleITK", "array", "volume"]
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Given:
    """An image as it was given: its voxels, its name for messages and files, and in what form it came."""

    kind: Kind
    input: Input

    @property
    def volume(self) -> Volume:
        """Voxels and affine."""
        return self.input.volume

    def like(self, volume: Volume) -> Any:
        """``volume`` in the form this image came in; a nibabel image for a file."""
        return _OUT[self.kind](volume)


def image(given: ImageLike, role: str, choice: ReadChoice = AS_IT_SAYS) -> Given:
    """An intensity image; ``role`` names one that has no file. Raises ``UsageError`` for what is no image."""
    kind, path, volume = _read(given, role, lambda file: read_image(file, choice))
    if kind != "file":  # as a file's: float32, so that an image gives the same answer however it came
        volume = replace(volume, array=np.ascontiguousarray(volume.array, np.float32))
    return Given(kind, Input(path or Path(role), volume, in_memory=path is None))


def labels(given: ImageLike, role: str, choice: ReadChoice = AS_IT_SAYS) -> Volume:
    """A label map; raises ``DataError`` where its numbers are not whole."""
    kind, _, volume = _read(given, role, lambda file: read_labels(file, choice))
    return volume if kind == "file" else whole_numbers(role, volume)


def _read(given: ImageLike, role: str, read: Callable[[Path], Volume]) -> tuple[Kind, Path | None, Volume]:
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        return "file", path, read(path)
    if isinstance(given, Volume):
        return "volume", None, given
    if isinstance(given, tuple) and len(given) == 2:
        return "array", None, Volume(_array(given[0]), _affine(role, given[1]))
    if hasattr(given, "dataobj") and hasattr(given, "affine"):
        return "nibabel", None, Volume(_array(given.dataobj), _affine(role, given.affine))
    if type(given).__module__.partition(".")[0] == "SimpleITK":
        return "SimpleITK", None, _from_itk(given, role)
    raise UsageError(
        f"{role}: found {type(given).__name__}, expected an image",
        "give a path, a nibabel or SimpleITK image, or a tuple (array, affine)",
    )


def _array(given: Any) -> NDArray[Any]:
    """Masked voxels are background."""
    array = given if isinstance(given, np.ma.MaskedArray) else np.asanyarray(given)
    return np.ma.filled(array, 0) if isinstance(array, np.ma.MaskedArray) else np.asarray(array)


def _affine(role: str, given: Any) -> NDArray[np.float64]:
    affine = np.asarray(given if given is not None else np.nan, np.float64)
    sound = affine.shape == (4, 4) and np.isfinite(affine).all() and np.linalg.det(affine[:3, :3]) != 0
    if not sound:
        raise UsageError(
            f"{role}: its affine has the shape {affine.shape} or cannot be inverted, expected 4 x 4",
            "give the matrix from voxels to RAS millimetres, as nibabel's image.affine",
        )
    return affine


def _from_itk(given: Any, role: str) -> Volume:
    import SimpleITK as sitk

    if given.GetDimension() != 3 or given.GetNumberOfComponentsPerPixel() != 1:
        raise UsageError(
            f"{role}: a SimpleITK image of {given.GetDimension()} axes and "
            f"{given.GetNumberOfComponentsPerPixel()} numbers a voxel, expected 3 axes and one number",
            "take one volume or channel of it",
        )
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(given.GetDirection(), (3, 3)) @ np.diag(given.GetSpacing())
    affine[:3, 3] = given.GetOrigin()
    return Volume(sitk.GetArrayFromImage(given).T, _LPS @ affine)


def _to_itk(volume: Volume) -> "sitk.Image":
    import SimpleITK as sitk

    affine = _LPS @ volume.affine
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    made = sitk.GetImageFromArray(np.ascontiguousarray(volume.array.T))
    made.SetSpacing(sizes.tolist())
    made.SetOrigin(affine[:3, 3].tolist())
    made.SetDirection((affine[:3, :3] / sizes).ravel().tolist())
    return made


_OUT: dict[Kind, Callable[[Volume], Any]] = {
    "file": nifti_image,
    "nibabel": nifti_image,
    "SimpleITK": _to_itk,
    "array": lambda volume: volume.array,
    "volume": lambda volume: volume,
}
