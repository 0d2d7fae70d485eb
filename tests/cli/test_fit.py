"""``contreg fit``, ``evaluate``, ``report`` and ``demo`` on a tiny cohort: resumed, killed, finished, scored."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import torch

from contreg import fitting
from contreg_cli.commands import demo
from contreg_core.checkpoint import read_checkpoint
from contreg_core.training.feed import PairFeed

KILLED_AT_REPLACE = """
import os, signal, sys
import contreg_core.training.session as session
session._SAVE_SECONDS = 0.0
replace, left = os.replace, [{count}]
def fatal(*names):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*names)
os.replace = fatal
from contreg_cli.main import run
sys.exit(run({arguments!r}))
"""


@pytest.fixture
def fit(contreg, small, cache, tmp_path):
    """The tiny model for some steps, in a folder of its own unless another is named."""

    def call(*more, steps=6, run=tmp_path / "run"):
        return contreg("fit", *small, "--cache", cache, "--run", run, "--steps", steps, *more)

    return call


def same(one, other):
    a, b = (read_checkpoint(run / "checkpoints" / "last.safetensors").tensors for run in (one, other))
    return a.keys() == b.keys() and all(bool((a[name] == b[name]).all()) for name in a)


def test_a_run_says_what_comes_next(fit, tmp_path, cache):
    result = fit()
    assert result.code == 0
    assert "fit 6/6  loss" in result.err
    assert "step 3: validation dice" in result.err
    assert result.out.splitlines()[-1] == f"next: contreg evaluate {tmp_path / 'run'} --cache {cache}"
    assert (tmp_path / "run" / "recipe.toml").is_file()


def test_epochs_take_the_place_of_the_recipes_steps(contreg, small, cache, tmp_path):
    """Two training subjects make two pairs, one a step."""
    run = tmp_path / "run"
    assert contreg("fit", *small, "--cache", cache, "--run", run, "--epochs", 2).code == 0
    assert json.loads((run / "run.json").read_text())["steps"] == 4


def test_a_finished_run_is_left_alone(fit, trained):
    before = (trained / "checkpoints" / "last.safetensors").read_bytes()
    result = fit(run=trained)
    assert result.code == 0
    assert "finished already, 6 steps" in result.out
    assert "next: contreg evaluate" in result.out
    assert (trained / "checkpoints" / "last.safetensors").read_bytes() == before


@pytest.mark.parametrize("left", ["none", "stale"])
def test_a_run_killed_before_its_sums_gets_them(fit, trained, tmp_path, left):
    run = tmp_path / "copy"
    shutil.copytree(trained, run)
    sums = (run / "SHA256SUMS").read_text()
    (run / "SHA256SUMS").unlink()
    if left == "stale":
        (run / "SHA256SUMS").write_text(f"{'0' * 64}  run.json\n")
    assert fit(run=run).code == 0
    assert (run / "SHA256SUMS").read_text() == sums


def test_sums_that_cannot_be_made_are_a_fault_of_the_disk(fit, tmp_path, monkeypatch):
    def broken(path):
        raise OSError(5, "Input/output error", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("contreg_core.sums.sha256_of", broken)
        result = fit()
    assert result.code == 74
    assert "run.json" in result.error
    assert fit().code == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["exit_code"] == 0
    assert "stopped" not in record
    assert (tmp_path / "run" / "SHA256SUMS").is_file()


def test_another_recipe_does_not_overwrite_a_run(fit, trained):
    result = fit("--seed", "1", run=trained)
    assert result.code == 78
    assert "another recipe" in result.error


def test_an_unprepared_cohort_gets_the_command_that_prepares_it(contreg, tmp_path):
    result = contreg("fit", "--data", "lpba40", "--cache", tmp_path, "-s", "preprocessing.spacing=3")
    assert result.code == 66
    command = f"run contreg prepare --data lpba40 --source DIR --cache {tmp_path} -s preprocessing.spacing=3"
    assert command in result.error


def test_a_device_that_is_not_there(fit):
    result = fit("--device", "cuda:77")
    assert result.code == 69
    assert "--device cpu" in result.error


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)])
def test_a_signal_saves_and_the_same_command_goes_on(fit, trained, tmp_path, monkeypatch, number, code):
    handler, batch = signal.getsignal(number), PairFeed.batch

    def interrupted(feed, step):
        if step == 4:
            os.kill(os.getpid(), number)
        return batch(feed, step)

    monkeypatch.setattr(PairFeed, "batch", interrupted)
    result = fit()
    assert result.code == code
    assert "after step 5 of 6, which is saved" in result.error
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["exit_code"], record["stopped"][:2]) == (code, "20")
    assert "which is saved" in record["message"]
    assert signal.getsignal(number) == handler
    monkeypatch.setattr(PairFeed, "batch", batch)
    assert "goes on after step 5" in fit().err
    assert same(tmp_path / "run", trained)


def test_a_second_signal_stops_at_once(fit, monkeypatch):
    def impatient(feed, step):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("not stopped")

    monkeypatch.setattr(PairFeed, "batch", impatient)
    result = fit()
    assert result.code == 130
    assert result.error.startswith("error: interrupted")


@pytest.fixture
def freely():
    """``--deterministic`` holds for a whole process."""
    yield
    torch.use_deterministic_algorithms(False)


def test_a_deterministic_run_says_so_and_gives_the_same_bits(fit, trained, tmp_path, freely):
    assert fit("--deterministic").code == 0
    assert "deterministic" in json.loads((tmp_path / "run" / "run.json").read_text())["device"]
    assert torch.are_deterministic_algorithms_enabled()
    assert fit("--deterministic", run=tmp_path / "again").code == 0
    assert same(tmp_path / "again", tmp_path / "run")


def test_an_operation_without_a_deterministic_form_is_advice(fit, monkeypatch):
    def refused(feed, step):
        raise RuntimeError("thing_cuda does not have a deterministic implementation, but you set ...")

    monkeypatch.setattr(PairFeed, "batch", refused)
    result = fit()
    assert result.code == 69
    assert "thing_cuda" in result.error
    assert "leave out --deterministic" in result.error


def test_out_of_memory_saves_and_names_the_batch_size(fit, tmp_path, monkeypatch):
    batch = PairFeed.batch

    def full(feed, step):
        if step == 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return batch(feed, step)

    monkeypatch.setattr(PairFeed, "batch", full)
    result = fit("--batch-size", "2")
    assert result.code == 69
    assert "step 4 is saved" in result.error
    assert "--batch-size 1" in result.error
    assert (tmp_path / "run" / "checkpoints" / "last.safetensors").is_file()


@pytest.mark.parametrize("count", [6, *(pytest.param(count, marks=pytest.mark.all) for count in (3, 9))])
def test_a_killed_run_ends_with_the_same_bits(fit, small, trained, cache, tmp_path, count):
    """Killed between a file and its final name, at several places; then run again."""
    run = tmp_path / "run"
    arguments = ["fit", *small, "--cache", str(cache), "--run", str(run), "--steps", "6"]
    code = KILLED_AT_REPLACE.format(count=count, arguments=arguments)
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert fit(run=run).code == 0
    assert same(run, trained)
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)


def test_a_run_starts_from_the_weights_of_another(fit, trained, tmp_path):
    assert fit("--init", trained, steps=2, run=tmp_path / "tuned").code == 0
    record = json.loads((tmp_path / "tuned" / "run.json").read_text())
    assert record["initial"] == read_checkpoint(trained / "checkpoints" / "best.safetensors").record["sha256"]
    refused = fit("--init", trained, "-s", "encoder.features=4,4", run=tmp_path / "other")
    assert refused.code != 0
    assert "train the same network" in refused.err
    assert not (tmp_path / "other" / "checkpoints" / "last.safetensors").exists()


def test_time_is_a_limit(fit):
    result = fit("--max-time", "1s", steps=100_000)
    assert result.code == 0
    assert "100000 steps in" not in result.out


def test_evaluate_twice_gives_the_same_numbers(contreg, trained, cache):
    command = ["evaluate", trained, "--cache", cache, "--device", "cpu", "--json"]
    one, other = (json.loads(contreg(*command).out) for _ in range(2))
    cost = {"seconds", "peak_memory_mib"}
    assert {k: v for k, v in one.items() if k not in cost} == {
        k: v for k, v in other.items() if k not in cost
    }
    assert one["pairs"] == one["of_pairs"] == 2
    assert 0 < one["dice_fused"] < 1
    assert {"dice_labelmean", "folding_percent"} <= one.keys()
    folder = trained / "evaluation" / "synthetic-contreg-test"
    assert json.loads((folder / "summary.json").read_text()) == other
    assert len((folder / "pairs.csv").read_text().splitlines()) == 3


def test_evaluate_prints_a_table(contreg, trained, cache):
    result = contreg("evaluate", "--model", trained, "--cache", cache, "--limit", 1, "--split", "train")
    assert result.code == 0
    assert "1 of 2 pairs" in result.out
    assert "mean of regions" in result.out


def test_no_registration_is_a_row_too(contreg, cache, tmp_path):
    command = ["evaluate", "--model", "none", "--data", "synthetic", "--cache", cache, "--output", tmp_path]
    summary = json.loads(contreg(*command, "-s", "preprocessing.spacing=0", "--json").out)
    assert summary["dice_fused"] == summary["initial"]["dice_fused"]
    assert summary["folding_percent"] == 0


def test_a_run_without_its_cache_names_the_command(contreg, trained, tmp_path, lpba40):
    result = contreg("evaluate", trained, "--data", "lpba40", "--cache", tmp_path)
    assert result.code == 66
    assert result.error.endswith(f"--model {trained}")


@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_no_such_run(contreg, tmp_path, command):
    assert contreg(command, tmp_path / "nowhere").code == 66


def test_a_damaged_checkpoint(fit, contreg, cache, tmp_path):
    fit(steps=1)
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    assert contreg("evaluate", tmp_path / "run", "--cache", cache).code == 65


def test_report_writes_where_it_is_told(contreg, trained, cache, tmp_path):
    result = contreg("report", trained, "--cache", cache, "-o", tmp_path / "page.html", "--device", "cpu")
    assert result.code == 0
    assert result.out.strip() == str(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 1000


def test_demo_goes_the_whole_way(contreg, tmp_path, monkeypatch):
    quick = ("training.steps=2", "preprocessing.spacing=12", "encoder.features=4,4,4")
    monkeypatch.setattr(demo, "SETTINGS", (*demo.SETTINGS, *quick))
    result = contreg("demo", "--run", tmp_path / "demo", "--device", "cpu")
    assert result.code == 0
    assert f"open {tmp_path / 'demo' / 'report.html'}" in result.out
    assert (tmp_path / "demo" / "report.html").is_file()


def test_the_next_command_quotes(tmp_path):
    assert fitting.next_command(tmp_path / "a run", None) == f"contreg evaluate '{tmp_path / 'a run'}'"


def test_an_unprepared_cohort_gets_its_command_for_a_solver_too(contreg, tmp_path):
    """With the settings that the cache depends on, and without the others."""
    own = ["-s", "preprocessing.floor=0.2", "-s", "loss.lncc.window=7"]
    result = contreg("evaluate", "--model", "svf-adam", "--data", "lpba40", "--cache", tmp_path, *own)
    assert result.code == 66
    command = f"contreg prepare --data lpba40 --source DIR --cache {tmp_path} -s preprocessing.floor=0.2"
    assert result.err.rstrip().endswith(command)


def test_a_solver_is_refused_before_anything_is_prepared(contreg, tmp_path):
    result = contreg("fit", "--model", "svf-adam", "--data", "synthetic", "--cache", tmp_path)
    assert result.code == 2
    assert "nothing to train" in result.error
    assert not any(tmp_path.iterdir())


def test_a_batch_as_large_as_memory_holds(contreg, small, cache, tmp_path, monkeypatch):
    """A finished run keeps its size, whatever would fit now."""
    from contreg_core.training import probe

    options = ("--cache", cache, "--run", tmp_path / "run", "--steps", 1, "--batch-size", "auto")
    monkeypatch.setattr(probe, "largest_batch", lambda *_: 2)
    assert "batch size 2" in contreg("fit", *small, *options).err
    monkeypatch.setattr(probe, "largest_batch", lambda *_: 4)
    again = contreg("fit", *small, *options)
    assert again.code == 0
    assert "batch size 2" in again.err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["peak_memory_mib"] > 10
    assert contreg("fit", *small, *options[:-1], "0").code == 2
