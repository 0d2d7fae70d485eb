"""Volume files out: NIfTI with both forms equal."""

from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import UsageError
from contreg_core.files import write_bytes
from contreg_core.volume.geometry import spacing
from contreg_core.volume.gzipped import gzipped
from contreg_core.volume.values import smallest_integers
from contreg_core.volume.volume import Volume


def write_volume(path: Path | str, volume: Volume, *, code: int = 1, description: str = "") -> None:
    """Write ``.nii`` or ``.nii.gz``: floats as float32, booleans and integers unscaled in the smallest type.

    ``code`` is the NIfTI form code (1 scanner, 2 aligned, 4 MNI). A sheared affine goes into the sform alone: a
    qform cannot hold it. Same volume, same bytes. Raises ``OutputError`` (73), ``StorageError`` (74) or
    ``AccessError`` (77).
    """
    path = Path(path)
    if not path.name.endswith((".nii", ".nii.gz")):
        raise UsageError(f"{path.name}: volumes are written as .nii or .nii.gz", "change the name")
    write_bytes(path, image_bytes(path, nifti_image(volume, code, description)))


def image_bytes(path: Path, image: nib.Nifti1Image) -> bytes:
    """The file's content, zipped where the name says so."""
    content: bytes = image.to_bytes()
    return gzipped(content, image.get_data_dtype()) if path.suffix == ".gz" else content


def nifti_image(volume: Volume, code: int = 1, description: str = "") -> nib.Nifti1Image:
    """The volume as nibabel holds it, as ``write_volume`` writes it."""
    array = _storable(volume.array)
    large = max(array.shape) > 32767
    image = nib.Nifti2Image(array, volume.affine) if large else nib.Nifti1Image(array, volume.affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = description.encode("ascii", "replace")[:79]
    image.set_sform(volume.affine, code)
    linear = volume.affine[:3, :3] / spacing(volume.affine)
    sheared = abs(linear.T @ linear - np.eye(3)).max() > 1e-4
    image.set_qform(volume.affine, 0 if sheared else code, strip_shears=True)
    image.header.set_zooms(spacing(volume.affine))
    return image


def _storable(array: NDArray[np.generic]) -> NDArray[np.generic]:
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    return array.astype(np.uint8) if array.dtype.kind == "b" else smallest_integers(array)
