"""Everything the pages speak of, tiny: three studies in the layouts of real ones, images, fields of other tools.

Brains have 20 x 24 x 20 voxels of 2 mm, so that every command runs as it stands there, without resampling.
"""

import csv
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from contreg_adapters.synthetic import Synthetic
from contreg_adapters.synthetic.layouts import write_layout
from contreg_adapters.synthetic.mindboggle import write_mindboggle
from contreg_cli.main import run
from contreg_core.cohort import LoadedScan, Scan
from contreg_core.volume import Volume, write_volume


class Dwarfs(Synthetic):
    """Brains of 8 mm a voxel that say they have 2 mm."""

    def load(self, scan: Scan) -> LoadedScan:
        """A quarter of the size in every direction."""
        full = super().load(scan)
        affine = full.image.affine @ np.diag([0.25, 0.25, 0.25, 1.0])
        assert full.labels is not None
        image, labels = Volume(full.image.array, affine), Volume(full.labels.array, affine)
        return LoadedScan(image, labels, full.mask)


COHORT = Dwarfs(subjects=8, size=(20, 24, 20), spacing=8.0)
THEIRS = '''
from contreg_core.components import Decoder
from contreg_core.hookspecs import hookimpl


class Theirs(Decoder):
    """Nothing but a name.

    Knobs:
        width: channels.
    """

    name = "my-decoder"

    def __init__(self, channels, ndim, *, width: int = 8):
        super().__init__()

    def forward(self, encoding):
        raise NotImplementedError


@hookimpl
def contreg_components():
    return [Theirs]
'''
IMAGES = ("moving", "fixed", "atlas", "t1", "T1")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder a reader of the pages is in; ``HOME`` and all caches are in it too."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("XDG_CACHE_HOME", str(folder / "home" / ".cache"))
        patch.setenv("PATH", str(folder / "bin"), prepend=":")
        patch.delenv("CONTREG_CACHE", raising=False)
        patch.setenv("PYTHONPATH", str(folder / "site"), prepend=os.pathsep)
        patch.syspath_prepend(str(folder))
        _programs(folder)
        _plugins(folder)
        scans = [COHORT.load(scan) for scan in COHORT.scans()]
        _studies(folder, scans)
        _images(folder, scans)
        _fields(folder)
        yield folder


def _programs(folder: Path) -> None:
    """``contreg``, and a ``pip`` that installs into a folder here: the environment of the tests stays as it is."""
    (folder / "bin").mkdir()
    apart = f"--quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --target {folder}/site"
    for name, command in {
        "contreg": '-m contreg_cli "$@"',
        "pip": f'-m pip install {apart} "$2"',
    }.items():
        path = folder / "bin" / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command}\n')
        path.chmod(0o755)


def _plugins(folder: Path) -> None:
    """The modules that the page on the conformance kit speaks of: the one of the page on plugins, and a stranger's."""
    page = (Path(__file__).parents[2] / "docs/how-to/plugins.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```python\n(# contreg_tukey.py\n.*?)^```", page, re.S | re.M)
    (folder / "contreg_tukey.py").write_text(text)
    (folder / "contreg_theirs.py").write_text(THEIRS)


def _studies(folder: Path, scans: list[LoadedScan]) -> None:
    write_layout(COHORT, folder / "LPBA40", 4)
    write_mindboggle(COHORT, folder / "Mindboggle101_volumes")
    for name, source in (("lpba40", "LPBA40"), ("mindboggle", "Mindboggle101_volumes")):
        assert run(["prepare", "--data", name, "--source", source]) == 0
    _label_maps(folder / "maps", scans)
    _manifest(folder, scans)
    _bids(folder / "study/derivatives/brains", scans, "", "")
    _bids(folder / "study/derivatives/fmriprep", scans, "space-MNI152NLin2009cAsym_res-2_", "desc-aseg_")


def _label_maps(folder: Path, scans: list[LoadedScan]) -> None:
    folder.mkdir()
    for number, scan in enumerate(scans):
        assert scan.labels is not None
        write_volume(folder / f"{number}.nii.gz", scan.labels)


def _manifest(folder: Path, scans: list[LoadedScan]) -> None:
    """The lines of the page and some more persons."""
    names = ("anna-1", "anna-2", "berta", *(f"person-{n}" for n in range(5)))
    with (folder / "study.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("id", "image", "label", "mask", "split", "group"))
        for name, scan in zip(names, scans, strict=True):
            _scan(folder / f"images/{name}.nii.gz", folder / f"labels/{name}.nii.gz", scan)
            split, group = (
                ("test", "") if name == "berta" else ("train", name.removesuffix("-1").removesuffix("-2"))
            )
            row = (name, f"images/{name}.nii.gz", f"labels/{name}.nii.gz", "", split, group or name)
            table.writerow(row)


def _bids(folder: Path, scans: list[LoadedScan], space: str, labels: str) -> None:
    folder.mkdir(parents=True)
    told = {"Name": "x", "BIDSVersion": "1.9.0", "DatasetType": "derivative", "GeneratedBy": []}
    (folder / "dataset_description.json").write_text(json.dumps(told))
    rows = [f"{label.id}\t{label.name}" for label in COHORT.label_table()]
    (folder / f"{labels}dseg.tsv").write_text("\n".join(["index\tname", *rows]))
    for number, scan in enumerate(scans, 1):
        start = folder / f"sub-{number:02d}/anat/sub-{number:02d}_{space}"
        _scan(Path(f"{start}desc-preproc_T1w.nii.gz"), Path(f"{start}{labels}dseg.nii.gz"), scan)
        mask = Volume(scan.mask.astype(np.uint8), scan.image.affine)
        write_volume(Path(f"{start}desc-brain_mask.nii.gz"), mask)


def _images(folder: Path, scans: list[LoadedScan]) -> None:
    for name, scan in zip(IMAGES, scans, strict=False):
        _scan(folder / f"{name}.nii.gz", folder / f"{name}_labels.nii.gz", scan)
    shutil.copy(folder / "moving_labels.nii.gz", folder / "labels.nii.gz")
    moving, fixed = (nib.load(folder / f"{name}.nii.gz") for name in ("moving", "fixed"))
    nib.save(nib.MGHImage(np.asanyarray(moving.dataobj), moving.affine), folder / "moving.mgz")
    nib.save(nib.AnalyzeImage(np.asanyarray(fixed.dataobj), fixed.affine), folder / "fixed.hdr")
    affine = sitk.AffineTransform(3)
    affine.Translate((1.0, -2.0, 0.5))
    sitk.WriteTransform(affine, str(folder / "ants0GenericAffine.mat"))
    np.savetxt(folder / "flirt.mat", np.eye(4))
    matrix = "\n".join(" ".join(map(str, row)) for row in np.eye(4))
    head = "type = 1\nnxforms = 1\nmean = 0 0 0\nsigma = 1\n1 4 4\n"
    (folder / "register.lta").write_text(f"{head}{matrix}\nsrc volume info\ndst volume info\n")
    for name in ("on_fixed", "on_moving"):
        (folder / f"{name}.csv").write_text("name,x,y,z\ntip,1.0,2.0,3.0\nbase,-2.5,0.0,1.0\n")


def _fields(folder: Path) -> None:
    """The two fields of one registration, under every name the pages give such files."""
    made = folder / "made"
    assert run(["register", "moving.nii.gz", "fixed.nii.gz", "--affine", "none", "-o", str(made)]) == 0
    there, back = (
        made / "moving_from-moving_to-fixed_mode-image_xfm",
        made / "moving_from-fixed_to-moving_mode-image_xfm",
    )
    for name, source in {
        "xfm": there,
        "subject_to_template": there,
        "template_to_atlas": back,
    }.items():
        for suffix in (".nii.gz", ".json"):
            shutil.copy(f"{source}{suffix}", folder / f"{name}{suffix}")
    shutil.copy(f"{there}.nii.gz", folder / "ants1Warp.nii.gz")
    convert = [
        "transform",
        "convert",
        "xfm.nii.gz",
        "warp_fsl.nii.gz",
        "--to",
        "fsl",
        "--moving",
        "moving.nii.gz",
    ]
    assert run(convert) == 0
    (folder / "warp_fsl.json").unlink(missing_ok=True)


def _scan(image: Path, labels: Path, scan: LoadedScan) -> None:
    assert scan.labels is not None
    for path, volume in ((image, scan.image), (labels, scan.labels)):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_volume(path, volume)
