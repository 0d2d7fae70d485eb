"""Freed memory is kept: the pages of the next tensor are there already."""

import os
import subprocess
import sys

import pytest

_NAMES = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")

# Faults while 24 MiB are filled and freed, eight times over; the first fill must fault in any case.
_COUNT = """
import resource
from contreg.allocator import keep_freed_memory
keep_freed_memory()
def filled():
    return b"x" * (24 * 2**20)
for _ in range(3):
    filled()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(8):
    filled()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(script: str = _COUNT, **environment: str) -> int:
    clean = {name: value for name, value in os.environ.items() if name not in _NAMES}
    command = [sys.executable, "-c", script]
    told = subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, check=True
    ).stdout
    return int(told)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_the_same_pages_are_used_again() -> None:
    assert faults() < 100  # 49,152 of 4 KiB otherwise


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_a_child_keeps_them_too() -> None:
    alone = _COUNT.replace("from contreg.allocator import keep_freed_memory\nkeep_freed_memory()\n", "")
    assert alone != _COUNT
    parent = (
        "import subprocess, sys\n"
        "from contreg.allocator import keep_freed_memory\n"
        "keep_freed_memory()\n"
        f"sys.stdout.write(subprocess.check_output([sys.executable, '-c', {alone!r}], text=True))\n"
    )
    assert faults(parent) < 100


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
@pytest.mark.parametrize(
    "said", [{"MALLOC_TRIM_THRESHOLD_": "0"}, {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=0"}]
)
def test_what_the_environment_says_stands(said: dict[str, str]) -> None:
    unchanged = (
        "import os\n"
        "from contreg.allocator import keep_freed_memory\n"
        "before = dict(os.environ)\n"
        "keep_freed_memory()\n"
        "print(len(set(os.environ.items()) ^ set(before.items())))\n"
    )
    assert faults(unchanged, **said) == 0
