"""Work for worker processes, importable there: a module in a folder on their path."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

WORK = '''
"""Items are (name, what happens, folder)."""
import os, signal
from pathlib import Path

def work(item):
    name, event, folder = item
    tried = Path(folder, f"{name}.tried")
    first = not tried.exists()
    with tried.open("a") as file:
        file.write(f"{os.getpid()}\\\\n")
    if event == "always" or (event == "once" and first):
        os.kill(os.getpid(), signal.SIGKILL)
    if event == "polite" and first:
        os.kill(os.getpid(), signal.SIGTERM)
    if event == "raise":
        raise OSError(28, "no space")
    return name, os.getpid(), os.environ["OMP_NUM_THREADS"]
'''


@pytest.fixture(scope="package")
def fates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """``fates.work((name, event, folder))``: events are "", "once", "always" (killed), "polite" (SIGTERM), "raise"."""
    folder = tmp_path_factory.mktemp("importable")
    (folder / "contreg_test_fates.py").write_text(WORK.replace("\\\\n", "\\n"))
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    sys.path.insert(0, str(folder))
    import contreg_test_fates

    yield contreg_test_fates
    sys.path.remove(str(folder))
    del sys.modules["contreg_test_fates"]
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def items(tmp_path: Path) -> "Items":
    return Items(tmp_path)


class Items:
    """Items of ``fates.work`` and how often each was tried."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *events: str) -> list[tuple[str, str, str]]:
        return [(str(number), event, str(self.folder)) for number, event in enumerate(events)]

    def tries(self, name: str) -> int:
        return len((self.folder / f"{name}.tried").read_text().splitlines())
