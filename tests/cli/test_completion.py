"""What a shell gets when a person presses TAB, asked for as a shell asks: by the program as a process."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from contreg_cli import names
from contreg_core.plugins import load_catalogue


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A cache folder in which a command that loads the catalogue has run."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        names.remember(load_catalogue())
    return folder


@pytest.fixture
def tab(home, tmp_path):
    """``tab("contreg fit --mo")``: what is offered for the last word; names only."""
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "recipe.toml").touch()
    (tmp_path / "shared.safetensors").touch()

    def ask(line, **more):
        words = line.split(" ")
        asked = {"_CONTREG_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        environment = {**os.environ, "XDG_CACHE_HOME": str(home), **asked, **more}
        done = subprocess.run(
            [sys.executable, "-m", "contreg_cli"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return [entry.partition(",")[2] for entry in done.stdout.split()]

    return ask


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("contreg ev", ["evaluate"]),
        ("contreg data ", ["check", "list", "show"]),
        ("contreg fit --prec", ["--precision"]),
        ("contreg fit --precision b", ["bfloat16"]),
        ("contreg fit --model voxelmorph/", ["voxelmorph/gradicon", "voxelmorph/mse"]),
        ("contreg register --model s", ["shared.safetensors", "svf-adam"]),
        ("contreg register --model r", ["runs/first"]),
        ("contreg fit --data lp", ["lpba40"]),
        ("contreg evaluate ru", ["runs/first"]),
        ("contreg report ", ["runs/first"]),
        ("contreg evaluate --data lpba40 --protocol lpba40/f", ["lpba40/faim"]),
        ("contreg show gaussian", ["gaussian-kl"]),
        ("contreg data show min", ["mindboggle"]),
        ("contreg fit --model contrastive-vae -s loss.lncc.wi", ["loss.lncc.window="]),
        ("contreg fit --model contrastive-vae -s loss.tuk", []),
        ("contreg plugins check mo", ["models"]),
        ("contreg completion z", ["zsh"]),
    ],
)
def test_what_is_offered(tab, line, offered):
    assert tab(line) == offered


def test_a_cohort_that_is_prepared_is_offered_as_an_atlas(tab, tmp_path):
    cache = tmp_path / "cache" / "synthetic-0123456789ab"
    cache.mkdir(parents=True)
    (cache / "cohort.json").touch()
    assert tab("contreg segment --atlas s", CONTREG_CACHE=str(cache.parent)) == ["synthetic"]
    assert tab(f"contreg segment --cache {cache.parent} --atlas s") == ["synthetic"]


def test_a_name_that_is_none_leaves_it_to_the_files(tab):
    assert tab("contreg register --model zzz") == ["zzz"]  # of type "file"


def test_a_word_that_is_no_command_offers_nothing_and_says_nothing(tab):
    assert tab("contreg fti --mo") == []


def test_without_names_there_are_still_commands_and_options(tab, tmp_path):
    empty = {"XDG_CACHE_HOME": str(tmp_path / "empty")}
    assert tab("contreg ev", **empty) == ["evaluate"]
    assert tab("contreg fit --data lp", **empty) == []


@pytest.mark.parametrize("content", ["", "[]", '{"plugins": 3}', '{"odd": 1}'])
def test_a_damaged_file_of_names_is_as_none(tab, tmp_path, content):
    (tmp_path / "bad" / "contreg").mkdir(parents=True)
    (tmp_path / "bad" / "contreg" / "names.json").write_text(content)
    assert tab("contreg fit --data lp", XDG_CACHE_HOME=str(tmp_path / "bad")) == []


def test_names_of_other_plugins_are_not_offered(tab, home, tmp_path):
    other = shutil.copytree(home, tmp_path / "other")
    file = other / "contreg" / "names.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "plugins": ["contreg 0.0.1 x True"]}))
    assert tab("contreg fit --data lp", XDG_CACHE_HOME=str(other)) == []


def test_a_command_that_loads_the_catalogue_writes_the_names_once(contreg, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert contreg("list").code == 0
    file = tmp_path / "contreg" / "names.json"
    before = file.stat().st_ino
    assert contreg("list").code == 0
    assert file.stat().st_ino == before
    assert names.recall() == names.Names(**json.loads(file.read_text()))
    assert set(names.recall().trained) | set(names.recall().solvers) == {
        r.name for r in load_catalogue().recipes()
    }


def test_a_folder_that_cannot_be_written_stops_no_command(contreg, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert contreg("list").code == 0


def test_tab_imports_neither_torch_nor_plugins(home, tmp_path):
    code = """
import sys
from contreg_cli.main import run
try:
    run([])
finally:
    heavy = {"torch", "numpy", "h5py", "rich", "matplotlib", "contreg_plugins", "contreg_adapters"}
    print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    for line in ("contreg fit --model c", "contreg register --model r", "contreg fit -s loss.l", "contreg "):
        asked = {"_CONTREG_COMPLETE": "bash_complete", "COMP_WORDS": line}
        count = {"COMP_CWORD": str(len(line.split(" ")) - 1), "XDG_CACHE_HOME": str(home)}
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **asked, **count}, capture_output=True, text=True
        )
        assert done.stderr == "[]\n", line
        assert done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes_by_what_completion_prints(contreg, home, tmp_path):
    program = tmp_path / "contreg"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m contreg_cli "$@"\n')
    program.chmod(0o755)
    script = contreg("completion", "bash").out + (
        "COMP_WORDS=(contreg fit --model contrastive-vae/r); COMP_CWORD=3\n"
        f"_contreg_completion {program}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
        "complete -p contreg\n"
    )
    done = subprocess.run(
        ["bash", "--norc"],
        input=script,
        env={**os.environ, "XDG_CACHE_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        "contrastive-vae/reference",
        "contrastive-vae/reference2020",
        "complete -o nosort -F _contreg_completion contreg",
    ], done.stderr


@pytest.mark.parametrize(
    ("shell", "word"), [("zsh", "compdef"), ("fish", "complete --no-files --command contreg")]
)
def test_the_other_shells_get_theirs(contreg, shell, word):
    assert word in contreg("completion", shell).out
