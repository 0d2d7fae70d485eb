"""Every cohort of files from end to end: prepare, fit, evaluate on what the embedded cohort wrote to disk."""

import json
import shutil

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.synthetic import Synthetic, write_mindboggle

MODEL = [
    *("--model", "voxelmorph/mse", "--device", "cpu", "-s", "decoder.features=vm1"),
    *("-s", "preprocessing.spacing=0", "-s", "training.validation=0"),
]


def grow(subjects):
    return Synthetic(subjects=subjects, size=(26, 32, 26), spacing=7.5)


@pytest.fixture(scope="session")
def mindboggle(tmp_path_factory):
    """Six subjects of three studies."""
    return write_mindboggle(grow(6), tmp_path_factory.mktemp("study") / "Mindboggle101_volumes")


@pytest.fixture(scope="session")
def bids(tmp_path_factory):
    """Six subjects, the first of them twice, their heads not stripped: 40 around the brain."""
    folder = tmp_path_factory.mktemp("study") / "derivatives" / "brains"
    cohort = grow(6)
    for scan in cohort.scans():
        loaded = cohort.load(scan)
        affine = loaded.image.affine
        head = np.where(loaded.mask, loaded.image.array, 40).astype(np.float32)
        files = {
            "desc-preproc_T1w": head,
            "desc-brain_mask": np.uint8(loaded.mask),
            "dseg": loaded.labels.array,
        }
        for session in ("ses-a", "ses-b") if scan.id == "S01" else ("ses-a",):
            anat = folder / f"sub-{scan.id}" / session / "anat"
            anat.mkdir(parents=True)
            for kind, array in files.items():
                name = f"sub-{scan.id}_{session}_space-MNI_{kind}.nii.gz"
                nib.save(nib.Nifti1Image(array, affine), anat / name)
    (folder / "dataset_description.json").write_text('{"DatasetType": "derivative"}')
    rows = [f"{label.id}\t{label.name} {label.side}\n" for label in cohort.label_table()]
    (folder / "dseg.tsv").write_text("index\tname\n" + "".join(rows))
    splits = [f"sub-{scan.id}\t{scan.split}\n" for scan in cohort.scans()]
    (folder.parent.parent / "participants.tsv").write_text("participant_id\tsplit\n" + "".join(splits))
    return folder


def fitted(contreg, data, source, folder):
    """Prepare ``source`` and train two steps; returns what ``prepare`` said."""
    cache = ["--cache", folder / "cache"]
    prepared = contreg("prepare", "--data", data, "--source", source, *cache, *MODEL[:2], "--spacing", "0")
    assert prepared.code == 0, prepared.err
    done = contreg("fit", *MODEL, "--data", data, *cache, "--run", folder / "run", "--steps", "2")
    assert done.code == 0, done.err
    return prepared.out


def evaluated(contreg, folder, protocol, data):
    options = [
        "--protocol",
        protocol,
        "--data",
        data,
        "--cache",
        folder / "cache",
        "--device",
        "cpu",
        "--json",
    ]
    result = contreg("evaluate", folder / "run", *options)
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_mindboggle(contreg, mindboggle, tmp_path):
    said = fitted(contreg, "mindboggle", mindboggle, tmp_path)
    assert "6 scans of 6 subjects (4 train, 2 test)" in said
    assert "orientation LAS: header and labels agree" in said
    assert "1032 (2 voxels)" in said
    for protocol, headline in (("mindboggle/contreg", "fused"), ("mindboggle/faim", "labelmean")):
        found = evaluated(contreg, tmp_path, protocol, "mindboggle")
        assert (found["pairs"], found["headline"]) == (2, headline)
        assert set(found["regions"]) == {"frontal", "parietal", "occipital", "temporal", "cingulate"}
        assert 0.3 < found[f"dice_{headline}"] == found["dice"] < 0.8


def test_bids(contreg, bids, tmp_path):
    said = fitted(contreg, "bids", bids, tmp_path)
    assert "bids: 7 scans of 6 subjects (5 train, 2 test)" in said
    assert "split: by participants.tsv" in said
    assert "7 of 7 scans: the brain mask was applied" in said
    found = evaluated(contreg, tmp_path, "bids/contreg", "bids")
    assert found["pairs"] == 2
    assert len(found["regions"]) == 56
    assert 0.3 < found["dice"] == found["dice_fused"] < 0.8


def test_a_choice_is_refused_and_then_made(contreg, bids, tmp_path):
    source = shutil.copytree(bids, tmp_path / "brains")
    for path in list(source.rglob("*_dseg.nii.gz")):
        shutil.copy(path, path.with_name(path.name.replace("_dseg", "_desc-aseg_dseg")))
    check = ["data", "check", "bids", "--source", source]
    refused = contreg(*check)
    assert refused.code == 2
    assert "desc-aseg (7 of 7 scans)" in refused.error
    assert "all 7 scans can be used" in contreg(*check, "-s", "cohort.labels=desc-aseg").out
    shown = contreg("data", "show", "bids", "--source", source, "-s", "cohort.labels=none", "--json")
    assert len(json.loads(shown.out)["labels"]) > 40
    assert contreg(*check, "-s", "cohort.label=x").code == 2
    assert "is no knob of the cohort" in contreg(*check, "-s", "labels=x").error
