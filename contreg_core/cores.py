"""How many threads a piece of work may use."""

import os


def share(workers: int) -> int:
    """Threads for each of so many processes: the cores this one may use, divided; no more than OMP_NUM_THREADS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores // workers, int(most) if most.isdecimal() else cores))
