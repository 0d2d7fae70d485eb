"""Runs in the interpreter that has antspyx: a line of JSON in, ``displacement.npy`` and a line of JSON out."""

import json
import os
import resource
import sys
import time

import ants
import numpy as np


def main() -> None:
    """Until the input ends; what ANTs itself prints must not get between the answers."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(work(json.loads(line))), file=answers, flush=True)


def work(asked: dict[str, object]) -> dict[str, object]:
    """Register; voxels of the fixed grid, channels first, float32."""
    folder, spacing = str(asked["folder"]), [float(str(asked["spacing"]))] * 3
    fixed, moving = (
        ants.from_numpy(np.load(f"{folder}/{name}.npy"), spacing=spacing) for name in ("fixed", "moving")
    )
    start = time.perf_counter()
    metric = str(asked["metric"])
    found = ants.registration(
        fixed,
        moving,
        type_of_transform="SyN",
        syn_metric=metric,
        syn_sampling=4 if metric == "CC" else 32,  # a radius in voxels, or bins
        outprefix=f"{folder}/syn",
    )
    seconds = time.perf_counter() - start
    whole = ants.apply_transforms(fixed, moving, found["fwdtransforms"], compose=f"{folder}/whole")
    displacement = np.moveaxis(ants.image_read(whole).numpy(), -1, 0) / np.reshape(spacing, (3, 1, 1, 1))
    np.save(f"{folder}/displacement.npy", displacement.astype(np.float32))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"metric": metric, "seconds": seconds, "mib": peak, "antspyx": ants.__version__}


if __name__ == "__main__":
    main()
