"""The study's own DKT25 file, where it lies beside, against our merge of DKT31."""

from pathlib import Path

import numpy as np

from contreg_adapters.mindboggle.labels import protocols
from contreg_core.errors import ContregError
from contreg_core.volume import read_volume


def cross_check(labels: Path) -> tuple[str, ...]:
    """A note on how many voxels differ between the merged DKT31 file and the DKT25 file; empty without one."""
    beside = labels.with_name(
        labels.name.replace("DKT31.manual+aseg", "DKT25.manual").replace("DKT31", "DKT25")
    )
    if beside == labels or not beside.is_file():
        return ()
    try:
        given = read_volume(beside, kind="labels").array
    except ContregError as error:
        return (f"{beside.name} could not be compared: {error.message}",)
    merged = next(protocol for protocol in protocols() if protocol.merge)
    ours, theirs = (
        np.where(np.isin(array, merged.labels), array, 0)
        for array in (merged.merged(read_volume(labels, kind="labels").array), given)
    )
    if ours.shape != theirs.shape:
        return (f"{beside.name} could not be compared: size {theirs.shape}, not {ours.shape}",)
    different = int((ours != theirs).sum())
    return (f"DKT31 merged to DKT25 differs from {beside.name} in {different} voxels",)
