"""``contreg status`` on a cache, failures kept and tried again, shards of a SLURM array."""

import json

import pytest

from contreg_core.failures import read_failures


@pytest.fixture
def prepare(contreg, lpba40, tmp_path):
    options = ["--data", "lpba40", "--source", lpba40, "--cache", tmp_path / "cache", "--spacing", "0"]
    return lambda *more: contreg("prepare", *options, *more)


@pytest.fixture
def status(contreg, tmp_path):
    def call():
        result = contreg("status", next((tmp_path / "cache").iterdir()), "--json")
        assert result.code == 0
        return {key: value for key, value in json.loads(result.out).items() if key != "command"}

    return call


def test_done_failed_missing_and_mended(contreg, prepare, status, lpba40, tmp_path):
    image = next(lpba40.rglob("fixed.nii.gz"))
    whole = image.read_bytes()
    image.write_bytes(whole[:-300])
    result = prepare()
    assert result.code == 3
    assert "failures.jsonl has the reasons" in result.error
    found = status()
    assert (len(found["done"]), len(found["failed"]), found["missing"], found["total"]) == (2, 1, [], 3)
    folder = next((tmp_path / "cache").iterdir())
    said = contreg("status", folder).out
    assert "prepare: 2 done, 1 failed, 0 missing of 3" in said
    assert str(image) in said
    victim = folder / "subjects" / f"{found['done'][0]}.h5"
    victim.unlink()
    assert status()["missing"] == [found["done"][0]]
    image.write_bytes(whole)
    assert prepare().code == 0
    assert len(status()["done"]) == 3
    assert read_failures(folder) == []


def test_bad_data_is_tried_again_when_it_changes_or_when_asked(prepare, lpba40):
    image = next(lpba40.rglob("fixed.nii.gz"))
    image.write_bytes(image.read_bytes()[:-300])
    assert "1 failed before and were not tried" not in prepare().error
    again = prepare()
    assert again.code == 3
    assert "1 failed before and were not tried: --retry-failed does" in again.error
    assert "failed before" not in prepare("--retry-failed").error
    image.touch()
    assert "failed before" not in prepare().error


def test_a_job_array_makes_the_whole(prepare, status, monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "5")
    codes = []
    for index in range(1, 6):
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", str(index))
        result = prepare()
        codes.append(result.code)
        assert f"part {index}/5 of the work" in result.err
    assert codes == [0] * 5
    assert len(status()["done"]) == 3
    assert "0 prepared, 3 cached" in prepare("--shard", "1/1").out


def test_a_folder_without_work_is_said(contreg, tmp_path):
    assert contreg("status", tmp_path).code == 66
    assert contreg("status", tmp_path / "absent").code == 66


def test_no_cluster_no_dask(contreg, prepare, monkeypatch):
    monkeypatch.setattr("contreg_core.fleet.on_dask._SECONDS", 0.2)
    result = prepare("--dask", "tcp://127.0.0.1:9")
    assert result.code == 69
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in result.error
