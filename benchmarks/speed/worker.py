"""One contestant in a process of its own: ``python -m benchmarks.speed.worker ROW CONTESTANT FOLDER``.

Builds the work, does it twice (once where that takes long), so that what is compiled is compiled, saves the result,
then waits for lines on standard input; each is answered by one run's measures as JSON. It needs no other package.
"""

import contextlib
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

_LONG = 5.0


def main() -> None:
    """Speak JSON lines on the real standard output; whatever the work prints goes to standard error."""
    row, contestant, folder = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module = importlib.import_module(f"benchmarks.speed.rows.{row}")
    call = getattr(module, contestant)()
    start = time.perf_counter()
    result = call()
    if time.perf_counter() - start < _LONG:
        result = call()
    _keep(result, Path(folder) / f"{row}-{contestant}.npy")
    _tell(answers, {"ready": True, "versions": _versions()})
    for _ in sys.stdin:
        _tell(answers, measure(call))


def measure(call: Any) -> dict[str, float]:
    """Wall and CPU seconds of one run, its children's included, and the memory it needed above entry in MiB."""
    before = _resident("VmRSS")
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    cpu, start = _cpu(), time.perf_counter()
    call()
    wall = time.perf_counter() - start
    return {"wall": wall, "cpu": _cpu() - cpu, "mib": max(_resident("VmHWM") - before, 0.0)}


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _resident(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def _keep(result: Any, path: Path) -> None:
    if result is None:
        return
    import numpy as np

    np.save(path, np.asarray(result.detach() if hasattr(result, "detach") else result))


def _versions() -> dict[str, str]:
    """Of the top-level packages that were imported and have one."""
    from importlib import metadata

    owners = metadata.packages_distributions()
    names = {owner for name in list(sys.modules) if "." not in name for owner in owners.get(name, ())}
    return {name: metadata.version(name) for name in sorted(names)}


def _tell(stream: Any, answer: dict[str, Any]) -> None:
    print(json.dumps(answer), file=stream, flush=True)


if __name__ == "__main__":
    main()
