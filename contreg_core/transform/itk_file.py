"""Transform files of ITK as chains: text (.tfm, .txt), MATLAB (.mat) and HDF5 (.h5)."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.transform.chain import Chain, Linear, OnGrid, Stage
from contreg_core.transform.itk_grid import LPS, columns, sheared
from contreg_core.transform.itk_records import (
    HDF5_MAGIC,
    check_records,
    hdf5_records,
    matlab_records,
    text_records,
    unreadable,
)
from contreg_core.transform.operations import Points
from contreg_core.transform.world import Grid, WorldField, check_reach, positions
from contreg_core.volume import spacing

_FLIP = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Itk:
    """What only ITK itself can apply, such as a B-spline."""

    transform: sitk.Transform

    def move(self, points: Points) -> Points:
        """Point by point."""
        moved = [self.transform.TransformPoint(point) for point in (points * _FLIP).tolist()]
        back: Points = np.reshape(moved, (-1, 3)) * _FLIP
        return back

    def covers(self, points: Points) -> NDArray[np.bool_]:
        """ITK does not say; it leaves points alone to the bit where it has no numbers for them."""
        return np.asarray((self.move(points) != points).any(axis=1))

    def voxels_to(self, grid: Grid) -> Points:
        """By ITK's own filter, which many threads work at, where the grid is one that ITK can have."""
        points = positions(grid.affine, grid.shape)
        if sheared(grid):
            return self.move(points.reshape(3, -1).T)
        reference = LPS @ grid.affine
        filtered = sitk.TransformToDisplacementFieldFilter()
        filtered.SetSize([int(n) for n in grid.shape])
        filtered.SetOutputSpacing(spacing(grid.affine))
        filtered.SetOutputOrigin(reference[:3, 3].tolist())
        filtered.SetOutputDirection(columns(grid).ravel().tolist())
        lps = sitk.GetArrayFromImage(filtered.Execute(self.transform)).transpose(3, 2, 1, 0)
        moved: Points = (points + lps * _FLIP.reshape(3, 1, 1, 1)).reshape(3, -1).T
        return moved


def read_itk(path: Path) -> Chain:
    """A file's stages in the order in which points pass them: ITK applies the one listed last first.

    So too where a text file lists several that are no composite. Raises ``DataError`` where ITK cannot read it, and
    before it reads where the file claims more than it holds.
    """
    with path.open("rb") as file:
        head = file.read(len(HDF5_MAGIC))
    texts: list[str] = []
    if head == HDF5_MAGIC or path.suffix.lower() in (".h5", ".hdf5"):
        records = hdf5_records(path)
    elif path.suffix.lower() == ".mat":
        records = matlab_records(path)
    else:
        records, texts = text_records(path.read_text("latin-1"))
    check_records(path, records)
    if len(records) < 2 or records[0].composite:
        return Chain(str(path), _stages(path, _read(path, path)))
    if not texts or any(record.composite for record in records):
        raise DataError(
            f"{path}: {len(records)} transforms that are no composite", "write them as one composite (.h5)"
        )
    stages = tuple(stage for text in reversed(texts) for stage in _stages(path, _read_text(path, text)))
    note = f"{len(texts)} transforms, composed as ITK does: the last listed is applied first"
    return Chain(str(path), stages, (note,))


def _read_text(path: Path, text: str) -> sitk.Transform:
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "alone.tfm"
        alone.write_text(text, "latin-1")
        return _read(path, alone)


def _read(path: Path, file: Path) -> sitk.Transform:
    try:
        transform = sitk.ReadTransform(str(file))
    except (RuntimeError, OSError, ValueError) as error:  # the last where its account is no text
        raise unreadable(path) from error
    if transform.GetDimension() != 3:
        raise DataError(
            f"{path}: a transform of {transform.GetDimension()} dimensions, expected 3", "name another"
        )
    return transform


def _stages(path: Path, transform: sitk.Transform) -> tuple[Stage, ...]:
    if transform.GetName() == "CompositeTransform":
        parts = sitk.CompositeTransform(transform)
        listed = [parts.GetNthTransform(k) for k in range(parts.GetNumberOfTransforms())]
        return tuple(stage for part in reversed(listed) for stage in _stages(path, part))
    if transform.GetName() == "DisplacementFieldTransform":
        return (OnGrid(_field(path, sitk.DisplacementFieldTransform(transform))),)
    return (_linear(path, transform) if transform.IsLinear() else Itk(transform),)


def _linear(path: Path, transform: sitk.Transform) -> Linear:
    origin, *ends = (np.array(transform.TransformPoint(p)) for p in [[0.0] * 3, *np.eye(3).tolist()])
    matrix = np.eye(4)
    with np.errstate(invalid="ignore"):
        matrix[:3, :3] = np.stack(ends, axis=1) - origin[:, None]
    matrix[:3, 3] = origin
    if not np.isfinite(matrix).all():
        raise DataError(f"{path}: its matrix is not finite", "write it again", code="VAL-09")
    return Linear(LPS @ matrix @ LPS)


def _field(path: Path, transform: sitk.DisplacementFieldTransform) -> WorldField:
    image = transform.GetDisplacementField()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    vectors = sitk.GetArrayFromImage(image).transpose(3, 2, 1, 0) * _FLIP.reshape(3, 1, 1, 1)
    check_reach(path, vectors)
    grid = Grid(LPS @ affine, tuple(image.GetSize()))
    return WorldField(np.ascontiguousarray(vectors, np.float32), grid)
