"""What the C library does with memory that is given back to it."""

import ctypes
import os

_KEPT = {
    # malloc.h: the parameter of mallopt, the variable a child's C library reads, and the largest value it takes
    "MALLOC_TRIM_THRESHOLD_": (-1, 2**31 - 1),
    "MALLOC_MMAP_THRESHOLD_": (-3, 2**25),
}


def keep_freed_memory() -> None:
    """Keep what is freed for the next tensor, here and in child processes, unless the environment says otherwise.

    glibc hands large pieces back to the system, which clears every page once more when the next one is asked for: some
    15,000 page faults a registration at 2 mm, 7 % of its time (measured). Other C libraries are left as they are.
    """
    if any(name in os.environ for name in _KEPT) or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return
    set_parameter = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_parameter is None:
        return
    for name, (parameter, value) in _KEPT.items():
        set_parameter(parameter, value)
        os.environ[name] = str(value)
