"""What every command owes a person: help that starts at once, one line for a failure, an exit code."""

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

import contreg_core
from contreg_cli import failure
from contreg_cli.commands.data import command as data
from contreg_cli.commands.plugins import command as plugins
from contreg_cli.main import Contreg, cli
from contreg_core import errors, provenance

COMMANDS = [name for names in Contreg.sections.values() for name in names]
PATHS = [
    *((name,) for name in COMMANDS),
    *(("data", name) for name in data.commands),
    *(("plugins", name) for name in plugins.commands),
]


def test_version(contreg):
    assert contreg("--version").out == f"contreg {contreg_core.__version__}\n"


def test_help_lists_every_command_module():
    from pathlib import Path

    import contreg_cli.commands

    modules = {path.stem for path in Path(contreg_cli.commands.__path__[0]).glob("[a-z]*.py")}
    assert modules == set(COMMANDS)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_of_each_command(contreg, path):
    result = contreg(*path, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: contreg {' '.join(path)}")


def test_help_of_all_commands_imports_nothing_heavy():
    code = f"""
import sys
from contreg_cli.main import run
for path in {PATHS!r}:
    assert run([*path, "--help"]) == 0
heavy = {{"torch", "numpy", "h5py", "rich", "matplotlib", "contreg_plugins", "contreg_adapters"}} & set(sys.modules)
sys.exit(f"imported: {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["fti"], "did you mean 'fit'?"),
        (["fit", "--data", "lpba4"], "did you mean 'lpba40'?"),
        (["fit", "--data", "synthetic", "--model", "contrastive-va"], "did you mean 'contrastive-vae'?"),
        (["fit", "--data", "synthetic", "-s", "loss.lncc.windw=7"], "did you mean 'window'?"),
        (["fit", "--data", "synthetic", "-s", "traning.steps=7"], "did you mean 'training'?"),
        (["show", "pyramit"], "did you mean 'pyramid'?"),
        (["prepare", "--data", "synthetic", "-s", "cohort.sise=7"], "did you mean 'size'?"),
        (["fit", "--data", "synthetic", "--step", "7"], "--steps"),
        (["data", "lst"], "did you mean 'list'?"),
        (["plugins", "lits"], "did you mean 'list'?"),
        (["transform", "invrt"], "did you mean 'invert'?"),
        (["segment", "t1.nii.gz", "-o", "o", "--atlas", "lpba4"], "did you mean 'lpba40'?"),
        (["data", "show", "mindbogle"], "did you mean 'mindboggle'?"),
        (["benchmark", "table1", "--only", "fiam"], "did you mean 'faim'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_name_is_answered_with_the_nearest(contreg, tmp_path, monkeypatch, arguments, suggestion):
    monkeypatch.chdir(tmp_path)
    result = contreg(*arguments)
    assert result.code == 2
    assert suggestion in result.error


def test_so_are_a_wrong_protocol_run_scan_and_evaluation(contreg, trained, cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").symlink_to(trained.parent)
    options = ["--cache", cache, "--device", "cpu"]
    wrong = contreg("evaluate", trained, "--protocol", "synthetic/contrg", *options)
    assert "did you mean 'synthetic/contreg'?" in wrong.error
    assert "did you mean 'runs/trained'?" in contreg("evaluate", "runs/traned", *options).error
    assert (
        "did you mean 'svf-adam'?"
        in contreg("register", "a.nii", "b.nii", "-o", "o", "--model", "svf-adm").error
    )
    pair = ["--pair", "S05", "S0"]
    assert "did you mean 'S0" in contreg("report", trained, *pair, *options).error


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["fit"], "Missing option '--data'"),
        (["fit", "--data", "synthetic", "--steps", "0"], "--steps"),
        (["fit", "--data", "synthetic", "--steps", "5", "--epochs", "1"], "both --steps and --epochs"),
        (["fit", "--data", "synthetic", "--max-time", "soon"], "'soon' is not a span of time"),
        (["prepare", "--data", "synthetic", "--shard", "3/2"], "--shard 3/2"),
        (["evaluate"], "takes one model"),
        (["evaluate", "--model", "none"], "no cohort of its own"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_value_is_named(contreg, arguments, found):
    result = contreg(*arguments)
    assert result.code == 2
    assert found in result.error
    assert "Fix: " in result.error


def test_the_traceback_is_there_for_those_who_ask(contreg):
    result = contreg("--debug", "fti")
    assert "Traceback" in result.err
    assert "error: there is no command 'fti'" in result.err


def test_every_error_keeps_its_code_and_remedy(capsys):
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    ]
    for kind in kinds:
        assert failure.explain(kind("this\nwas found", "do that")) == kind.exit_code
        assert capsys.readouterr().err == "error: this was found. Fix: do that\n"


def test_a_bug_is_called_one_and_its_traceback_kept(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert failure.explain(ValueError("odd")) == 70
    line = capsys.readouterr().err
    assert line.startswith("error: this is a bug in contreg: ValueError: odd. Fix: report it with ")
    assert "ValueError: odd" in next(tmp_path.iterdir()).read_text()


def test_an_interrupt_is_one_line(capsys):
    assert failure.explain(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.startswith("error: interrupted")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_preemption_ends_any_command_with_75(contreg, monkeypatch, number):
    monkeypatch.setattr(provenance, "provenance", lambda *_: os.kill(os.getpid(), number))
    result = contreg("doctor")
    assert result.code == 75
    assert result.error.startswith(f"error: stopped by {number.name}. Fix: run the same command again")
    assert signal.getsignal(number) is signal.SIG_DFL


def test_list_and_doctor_print_json(contreg):
    listing = json.loads(contreg("list", "--json").out)
    assert {
        "recipes",
        "encoders",
        "decoders",
        "warpers",
        "losses",
        "solvers",
        "segmenters",
        "cohorts",
    } == set(listing)
    assert "contrastive-vae" in {entry["name"] for entry in listing["recipes"]}
    assert json.loads(contreg("doctor", "--json").out)["contreg"] == contreg_core.__version__


@pytest.mark.parametrize("arguments", [["list"], ["doctor"], ["plugins"], ["plugins", "list", "--check"]])
def test_plain_words_too(contreg, arguments):
    result = contreg(*arguments)
    assert result.code == 0
    assert result.out


def test_show_counts_the_trainable_values(contreg):
    recipe = json.loads(contreg("show", "contrastive-vae", "--json").out)
    smaller = json.loads(contreg("show", "contrastive-vae", "-s", "encoder.features=4,4,4", "--json").out)
    assert recipe["parameters"] > 10 * smaller["parameters"] > 0
    values = {knob["name"]: knob["value"] for knob in smaller["components"]["encoder"]["knobs"]}
    assert values["features"] == [4, 4, 4]


def test_show_names_the_paper(contreg):
    assert "paper: Avants et al. 2008" in contreg("show", "lncc").out
    assert (
        "Vialard et al. 2012"
        in json.loads(contreg("show", "utilzreg", "--kind", "solver", "--json").out)["paper"]
    )
    assert json.loads(contreg("show", "voxelmorph", "--json").out)["papers"] == [
        "Avants et al. 2008",
        "Balakrishnan et al. 2018",
        "Balakrishnan et al. 2019",
        "Dalca et al. 2018",
    ]


@pytest.mark.parametrize("name", ["contrastive-vae", "pyramid", "lncc", "synthetic"])
def test_show_explains_every_knob(contreg, name):
    result = contreg("show", name)
    assert result.code == 0
    assert "meaning" in result.out


def test_a_name_of_several_things_shows_all_or_the_kind_asked_for(contreg):
    both = json.loads(contreg("show", "pyramid", "--json").out)
    assert [one["kind"] for one in both] == ["encoder", "decoder"]
    assert json.loads(contreg("show", "pyramid", "--kind", "decoder", "--json").out)["kind"] == "decoder"


def test_a_kind_before_the_name_as_settings_have_it(contreg):
    assert (
        contreg("show", "decoder.pyramid", "--json").out
        == contreg("show", "pyramid", "--kind", "decoder", "--json").out
    )
    assert "did you mean 'lncc'?" in contreg("show", "loss.lnc").error


def test_a_broken_plugin_is_a_warning_and_a_problem(contreg, monkeypatch):
    from contreg_core import plugins as loading

    broken = EntryPoint("torn", "there_is_no_such_module", "contreg")
    entries = loading._entries()
    monkeypatch.setattr(loading, "_entries", lambda: [*entries, broken])
    listed = contreg("list")
    assert listed.code == 0
    assert listed.err.startswith("warning: plugin 'torn' is off: ModuleNotFoundError")
    rows = json.loads(contreg("plugins", "list", "--check", "--json").out)
    assert {row["entry"]: row["state"] for row in rows}["torn"] == "broken"
    assert contreg("doctor").code == 69
    assert contreg("--no-plugins", "doctor").code == 0


def test_an_allowed_plugin_that_is_not_installed_is_said(contreg):
    assert (
        "warning: plugin 'ghost' is off: allowed, but not installed"
        in contreg("--plugins", "ghost", "list").err
    )


def test_the_group_has_no_command_of_its_own():
    assert not cli.commands


LOADING = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGTERM)
except BaseException:
    print("raised")
print("went on")
"""


def test_a_preemption_while_a_module_is_loaded_raises_nothing_in_it(tmp_path):
    (tmp_path / "loading.py").write_text(LOADING)
    code = "from contreg_cli.signals import ended\nwith ended():\n    import loading"
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert (ended.returncode, ended.stdout) == (75, "")
    assert ended.stderr.startswith("error: stopped by SIGTERM. Fix: ")
