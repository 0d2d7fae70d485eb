"""Cache folders: another setting is another folder."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from contreg_core.cache import cache_folder, default_root, find_cache
from contreg_core.preprocessing.spec import Preprocessing

OTHERS = {
    "spacing": 1.5,
    "interpolation": "bspline",
    "intensity": "nyul",
    "floor": 0.2,
    "window": (50.0, 100.0),
    "landmarks": "all",
    "crop": (8, 8, 8),
    "crop_offset": (0, 1, 2),
}


def test_every_setting_changes_the_folder(tmp_path: Path) -> None:
    assert {field.name for field in fields(Preprocessing)} == OTHERS.keys()
    base = Preprocessing(crop=(4, 4, 4))
    specs = [base, *(replace(base, **{name: value}) for name, value in OTHERS.items())]
    folders = {cache_folder(tmp_path, "lpba40", spec) for spec in specs}
    assert len(folders) == len(specs)
    assert cache_folder(tmp_path, "lpba40", base) == cache_folder(tmp_path, "lpba40", replace(base))
    assert cache_folder(tmp_path, "other", base) not in folders
    assert all(folder.parent == tmp_path and folder.name.startswith("lpba40-") for folder in folders)


def test_caches_of_before_there_was_a_floor_keep_their_names(tmp_path: Path) -> None:
    assert cache_folder(tmp_path, "lpba40", Preprocessing()).name == "lpba40-debc6badb6b9"


def test_a_cache_is_found_when_it_is_finished(tmp_path: Path) -> None:
    spec = Preprocessing()
    folder = cache_folder(tmp_path, "toy", spec)
    (folder / "subjects").mkdir(parents=True)
    assert find_cache(tmp_path, "toy", spec) is None
    (folder / "cohort.json").write_text("{}")
    assert find_cache(tmp_path, "toy", spec) == folder


def test_the_root_follows_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contreg_core.cache.location.user_cache_path", lambda name: tmp_path / name)
    assert default_root() == tmp_path / "contreg"
