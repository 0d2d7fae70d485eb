"""What the machine can do: the ceilings that a row's time is held against."""

import os
import platform
import time
from collections.abc import Callable
from typing import Any


def machine(threads: int) -> dict[str, Any]:
    """Processor, measured ceilings, versions; on ``threads`` threads."""
    import torch

    torch.set_num_threads(threads)
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "load": os.getloadavg()[0],
        "bfloat16": "avx512_bf16" in _flags() or "amx_bf16" in _flags(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        **ceilings("cpu"),
    }


def ceilings(device: str, dtype: Any = None, size: int = 1500) -> dict[str, float]:
    """Matrix product in GFLOP/s and copy in GB/s (read and write), best of several."""
    import torch

    a = torch.rand(size, size, device=device, dtype=dtype)
    product = 2 * size**3 / best(lambda: a @ a, device) / 1e9
    block = torch.zeros(2**26, device=device)
    other = torch.zeros_like(block)
    copy = 8 * block.numel() / best(lambda: other.copy_(block), device) / 1e9
    return {"gflops": product, "copy_gbs": copy}


def best(call: Callable[[], object], device: str = "cpu", rounds: int = 7) -> float:
    """The shortest of some runs, in seconds."""
    import torch

    wait = torch.cuda.synchronize if device.startswith("cuda") else (lambda: None)
    call()
    times = []
    for _ in range(rounds):
        wait()
        start = time.perf_counter()
        call()
        wait()
        times.append(time.perf_counter() - start)
    return min(times)


def processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _flags() -> str:
    return _cpuinfo("flags")


def _cpuinfo(name: str) -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith(name)), "")
    except OSError:
        return ""
