"""Transform files that say themselves what they are: ITK's, FLIRT's, FreeSurfer's and MNI's."""

from pathlib import Path

from contreg_core.errors import StorageError
from contreg_core.transform.chain import Chain
from contreg_core.transform.flirt import flirt_matrix, flirt_stage
from contreg_core.transform.itk_file import read_itk
from contreg_core.transform.itk_records import refuse_x5
from contreg_core.transform.lta import read_lta
from contreg_core.transform.mni import read_mni
from contreg_core.transform.world import Grid, WorldField
from contreg_core.volume.stream import check_file

CHAIN_SUFFIXES = (".h5", ".hdf5", ".tfm", ".mat", ".txt", ".xfm", ".lta", ".x5")


def read_chain(path: Path, *, fixed: Grid | None = None, moving: Grid | None = None) -> Chain:
    """A transform file of one of ``CHAIN_SUFFIXES``; the grids of the two images are for FLIRT's matrices.

    Raises ``DataError`` for what cannot be read, ``UsageError`` where a grid is missing.
    """
    check_file(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".x5":
            raise refuse_x5(path)
        if suffix == ".xfm":
            return Chain(str(path), (read_mni(path),))
        if suffix == ".lta":
            return Chain(str(path), (read_lta(path),))
        if suffix == ".mat" and (matrix := flirt_matrix(path)) is not None:
            return Chain(str(path), (flirt_stage(path, matrix, fixed, moving),))
        return read_itk(path)
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be read: {error.strerror}", "try again", code="FILE-38"
        ) from error


def read_transform(path: Path, grid: Grid | None = None) -> WorldField:
    """Such a file as a displacement in RAS mm on ``grid`` (fixed points to moving points), by default on its own.

    Raises ``UsageError`` where it has none (an affine), and as ``read_chain`` does.
    """
    return read_chain(path, fixed=grid).sampled(grid)
