"""No hostile file runs code, reads another file or takes more memory than is allowed here; each is refused in words."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.security import hostile

ALLOWED_MIB = 1500
"""Above what the program takes when everything is imported."""
READERS = {
    "checkpoint": hostile.CHECKPOINTS,
    "cache": hostile.CACHES,
    "transform": hostile.TRANSFORMS,
    "image": hostile.IMAGES,
    "recipe": hostile.RECIPES,
    "table": hostile.TABLES,
}
PROGRAM = """
import json, resource, sys
from pathlib import Path
from contreg_adapters.manifest import Manifest
from contreg_core.cache import CachedCohort, read_subject
from contreg_core.checkpoint import read_checkpoint
from contreg_core.errors import ContregError
from contreg_core.memory import peak_mib
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import build, load_recipe
from contreg_core.transform import read_transform
from contreg_core.volume import read_volume
import hdf5plugin

catalogue = load_catalogue(plugins=False)
def table(path):
    return CachedCohort.open(path.parent) if path.suffix == ".json" else Manifest(path).scans()
readers = {
    "checkpoint": read_checkpoint,
    "cache": read_subject,
    "transform": read_transform,
    "image": lambda path: read_volume(path, kind="image"),
    "recipe": lambda path: build(load_recipe(path.read_text()), catalogue, ndim=3),
    "table": table,
}
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + (ALLOWED << 20),) * 2)
for kind, path in json.load(sys.stdin):
    try:
        readers[kind](Path(path))
        end = "read"
    except ContregError as error:
        end = f"{error.exit_code} {error}"
    except BaseException as error:
        end = f"{type(error).__name__}: {error}"
    print(json.dumps([path, end, peak_mib()]), flush=True)
"""


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Name -> how reading it ended, all read by one process under a limit of memory."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "secret").write_bytes(hostile.SECRET)
    with h5py.File(folder / "other.h5", "w") as file:
        file["image"] = np.ones((4, 4, 4), np.uint16)
        file["image"].attrs.update(scale=1.0, offset=0.0)
    work = []
    for kind, files in READERS.items():
        for name, make in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            make(path, folder)
            work.append((kind, str(path)))
    code = PROGRAM.replace("ALLOWED", str(ALLOWED_MIB))
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(work), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return folder, {str(Path(path).relative_to(folder)): end for path, end, _ in lines}


NAMES = [name for files in READERS.values() for name in files]


def test_there_are_forty() -> None:
    assert len(set(NAMES)) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_in_words(ends: tuple[Path, dict[str, str]], name: str) -> None:
    folder, found = ends
    assert found[name].split()[0] in ("2", "65", "66", "69", "78"), found[name][:400]
    assert hostile.SECRET.decode() not in found[name]
    assert not (folder / "ran").exists()
    assert not (folder.parent / "ran").exists()
