"""Transform files that were damaged, or are none: read, or refused in words; never anything else."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from contreg_core.errors import ContregError, DataError
from contreg_core.transform import Grid, read_chain

GRID = Grid(np.eye(4), (5, 6, 4))
LTA = """type      = 0
nxforms   = 1
1 4 4
0.9 0.1 0 3
-0.1 0.9 0 1
0 0 1 2
0 0 0 1
src volume info
valid = 1
volume = 5 6 4
voxelsize = 1 1 2
xras = -1 0 0
yras = 0 0 -1
zras = 0 1 0
cras = 1 2 3
dst volume info
valid = 1
volume = 5 6 4
voxelsize = 1 1 2
xras = -1 0 0
yras = 0 0 -1
zras = 0 1 0
cras = 0 0 0
"""
XFM = "MNI Transform File\n%c\nTransform_Type = Linear;\nLinear_Transform =\n1 0 .1 3\n0 1 0 4\n0 0 1 5;\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    for name in ("a.tfm", "a.mat"):
        sitk.WriteTransform(sitk.Euler3DTransform(), str(folder / name))
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    return found | {
        "a.lta": LTA.encode(),
        "a.xfm": XFM.encode(),
        "flirt.mat": b"1 0 0 2\n0 1 0 3\n0 0 1 4\n0 0 0 1\n",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


NAMES = ["a.tfm", "a.mat", "a.lta", "a.xfm", "flirt.mat"]


@pytest.mark.parametrize("name", NAMES)
def test_whole_files_are_read(files, folder, name):
    (folder / name).write_bytes(files[name])
    chain = read_chain(folder / name, fixed=GRID, moving=GRID)
    assert chain.matrix is not None
    assert not chain.move(np.zeros((1, 3))).outside.any()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(files, folder, name, data):
    content = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        until = at + data.draw(st.integers(0, 6))
        content[at:until] = data.draw(st.binary(max_size=6))
    path = folder / f"damaged-{name}"
    path.write_bytes(content)
    try:
        chain = read_chain(path, fixed=GRID, moving=GRID)
    except ContregError:
        return
    chain.move(np.zeros((1, 3)))


def test_a_matlab_array_longer_than_its_file_is_refused(files, folder):
    content = bytearray(files["a.mat"])
    content[4:8] = (2**30).to_bytes(4, "little")
    (folder / "long.mat").write_bytes(content)
    with pytest.raises(DataError, match="ITK cannot read it"):
        read_chain(folder / "long.mat")


def test_spaces_without_end_take_no_time(folder):
    """A pattern that goes back over them would."""
    for name, text in (
        ("a.lta", "type" + " " * 900_000),
        ("b.lta", "\n" * 900_000),
        ("a.xfm", " " * 900_000),
    ):
        (folder / name).write_text(text)
        with pytest.raises(DataError):
            read_chain(folder / name)


@pytest.mark.parametrize("numbers", ["x 0 0 0 0 0", "0 0 0 0", "0 0 0 0 0 0x", ""])
def test_a_matrix_of_too_few_numbers_is_refused_before_itk_reads_it(folder, numbers):
    """ITK reads beyond their end, and the process ended there."""
    head = "#Insight Transform File V1.0\n#Transform 0\nTransform: Euler3DTransform_double_3_3\n"
    (folder / "few.tfm").write_text(f"{head}Parameters: {numbers}\nFixedParameters: 0 0 0 0\n")
    with pytest.raises(DataError, match="expected 6"):
        read_chain(folder / "few.tfm", fixed=GRID)
