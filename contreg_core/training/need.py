"""What one pass takes of memory, and what there is."""

from pathlib import Path
from typing import Any

import torch

from contreg_core.engine import Engine
from contreg_core.memory import reset_peak
from contreg_core.model import Learner
from contreg_core.objective import Objective

_MEMINFO = Path("/proc/meminfo")


def need(model: Learner, objective: Objective, batch: Any, engine: Engine) -> float:
    """MiB at the highest during a pass forward and backward, of the device or, on a CPU, of the whole process."""
    reset_peak()
    if engine.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(engine.device)
    with engine.autocast():
        outcome = model.study(batch, objective.needed())
    objective(outcome).total.backward()
    model.zero_grad()
    objective.zero_grad()
    return engine.peak_mib()


def room(engine: Engine) -> float | None:
    """MiB that this process may have in all: what it has, and what is free; None where the system does not say."""
    if engine.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(engine.device)
        return (free + torch.cuda.memory_reserved(engine.device)) / 2**20
    if not _MEMINFO.is_file():
        return None
    return _kib(_MEMINFO, "MemAvailable") / 1024 + _kib(Path("/proc/self/status"), "VmRSS") / 1024


def _kib(path: Path, name: str) -> float:
    lines = path.read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name)))
