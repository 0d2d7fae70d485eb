"""A gzip of several blocks is one that everybody reads."""

import gzip
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.volume import gzipped as module
from contreg_core.volume.gzipped import gzipped


@given(
    content=st.binary(min_size=1, max_size=300), kind=st.sampled_from(["f4", "u1"]), block=st.integers(1, 100)
)
def test_what_went_in_comes_out(content, kind, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        assert gzip.decompress(gzipped(content, np.dtype(kind))) == content


@pytest.mark.parametrize("kind", ["f4", "i2"])
def test_the_number_of_threads_changes_nothing(kind, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 1000)
    content = np.random.default_rng(0).integers(0, 9, 5000).astype(kind).tobytes()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = gzipped(content, np.dtype(kind))
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert gzipped(content, np.dtype(kind)) == alone
    assert len(alone) < len(content) / 2


@pytest.mark.skipif(not shutil.which("gzip"), reason="no gzip program")
def test_the_program_of_that_name_takes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 64)
    (tmp_path / "a.gz").write_bytes(gzipped(bytes(1000), np.dtype("u1")))
    done = subprocess.run(["gzip", "-dc", str(tmp_path / "a.gz")], capture_output=True)
    assert (done.returncode, done.stdout) == (0, bytes(1000))
