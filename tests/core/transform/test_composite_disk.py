"""ITK writes composites by itself, and its HDF5 ends the process where a disk is full: contreg asks first."""

import subprocess
import sys

import pytest

WRITES = """
import os, resource, sys
from pathlib import Path
import numpy as np
from contreg_core.errors import StorageError
from contreg_core.transform import Grid, WorldField, read_transform, write_composite
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
field = WorldField(np.ones((3, 8, 9, 7), np.float32), Grid(np.eye(4), (8, 9, 7)))
try:
    write_composite(Path(sys.argv[2]), field, np.eye(4))
except StorageError:
    assert os.listdir(Path(sys.argv[2]).parent) == []
    sys.exit(74)
assert np.allclose(read_transform(Path(sys.argv[2])).vectors, 1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits a file's size as Linux does")
@pytest.mark.parametrize(("limit", "code"), [(4096, 74), (1 << 22, 0)])
def test_a_full_disk_is_a_storage_error(tmp_path, limit, code):
    command = [sys.executable, "-c", WRITES, str(limit), str(tmp_path / "a.h5")]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == code, ended.stderr
