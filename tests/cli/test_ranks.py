"""``contreg fit --devices``: ranks started here, stopped, killed, resumed; what the options refuse."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.exceptions import Exit

from contreg_cli.failure import PreemptedError
from contreg_cli.launching import Wish, ranks
from contreg_core.checkpoint import read_checkpoint
from contreg_core.ranks.group import LostRankError
from contreg_core.ranks.starter import RUN_ID


@pytest.fixture
def options(small, cache, tmp_path):
    """``options(run, *more)``: two pairs a step."""

    def of(run, *more):
        own = [*small, "--cache", cache, "--run", tmp_path / run, "--batch-size", "2", "--steps", "6", *more]
        return ["fit", *map(str, own)]

    return of


def start(*arguments):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "contreg_cli", *arguments]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, **pipes)


def until(process, words):
    """Read what it says until these words."""
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return process
    raise AssertionError("".join(said))


def children(process):
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def end(process):
    out, err = process.communicate()
    assert "Traceback" not in err
    return process.returncode, out, err


def test_a_killed_rank_ends_all(options):
    killed = start(*options("run", "--devices", "2", "--steps", "100000"))
    until(killed, "step 3:")
    os.kill(int(children(killed)[-1]), signal.SIGKILL)
    code, _, err = end(killed)
    assert code == 75, err
    assert re.fullmatch(r"error: rank [01] was ended by SIGKILL, so all were. Fix: .*", err.splitlines()[-1])
    assert len(re.findall(r"^error(:| CR-)", err, re.M)) == 1


def test_a_signal_stops_all_ranks_after_one_step(options, tmp_path):
    """Sent to the starter, as a job system does."""
    stopped = start(*options("run", "--devices", "2", "--steps", "100000"))
    until(stopped, "step 3:").send_signal(signal.SIGUSR1)
    code, _, err = end(stopped)
    assert code == 75, err
    record = read_checkpoint(tmp_path / "run/checkpoints/last.safetensors").record
    assert len(re.findall(r"^error(:| CR-)", err, re.M)) == 1
    assert f"stopped by SIGTERM after step {record['place']['step']} of 100000" in err
    assert record["ranks"] == 2


@pytest.mark.all
def test_ranks_do_not_outlive_their_starter(options, tmp_path):
    killed = start(*options("run", "--devices", "2", "--steps", "100000"))
    assert len(children(until(killed, "step 3:"))) == 2
    killed.kill()
    assert "stopped by SIGTERM" in end(killed)[2]  # which ends when the last rank has closed it
    assert (tmp_path / "run/checkpoints/last.safetensors").is_file()


@pytest.mark.all
def test_what_fails_on_all_ranks_is_said_once(options, contreg):
    assert contreg(*options("run", "--steps", "1")).code == 0
    code, _, err = end(start(*options("run", "--devices", "2", "--seed", "3")))
    assert code == 78
    assert len(re.findall(r"^error(:| CR-)", err, re.M)) == 1
    assert "another recipe" in err


def test_several_machines_outside_a_launcher_get_the_lines_to_start_them(options, contreg):
    arguments = options("a run", "--nodes", "4", "--devices", "8")
    result = contreg(*arguments)
    assert result.code == 2
    assert "no launcher" in result.error
    torchrun, srun = result.out.splitlines()
    assert torchrun.startswith(
        "torchrun --nnodes 4 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29500 "
    )
    assert srun.startswith("srun --nodes 4 --ntasks-per-node 8 ")
    assert " --no-python -- contreg fit " in torchrun
    for line in (torchrun, srun):
        assert line.endswith("--nodes 4 --devices 8")
        assert "a run'" in line


def test_a_batch_smaller_than_the_ranks(options, contreg):
    result = contreg(*options("run", "--devices", "3"))
    assert result.code == 2
    assert "a batch of 2 cannot be shared by 3 ranks" in result.error
    assert "--batch-size 3" in result.error


def test_options_that_the_launcher_contradicts(options, contreg, monkeypatch):
    for name, value in {"RANK": "0", "WORLD_SIZE": "4", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    result = contreg(*options("run", "--nodes", "3"))
    assert result.code == 2
    assert "--nodes 3, but torchrun has started 2" in result.error
    assert "--devices 4, but torchrun has started 2" in contreg(*options("run", "--devices", "4")).error


def test_a_rank_that_comes_alone_gives_up(options, contreg, monkeypatch):
    alone = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    for name, value in alone.items():
        monkeypatch.setenv(name, value)
    result = contreg(*options("run", "--dist-timeout", "1s"))
    assert result.code == 75
    assert "rank 0 of 2" in result.error


def test_a_rank_lost_and_then_ended_by_the_starter_says_nothing(monkeypatch):
    """torchrun ends what is left by SIGTERM, which may come while the rank still tidies up after the loss."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", RUN_ID)
    monkeypatch.setattr("contreg_core.ranks.starter.stop_with_the_starter", lambda: None)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(Exit) as caught, ranks(Wish(None, None, "cpu", "1s")):
            _end_while_tidying()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught.value.exit_code == 75


def _end_while_tidying():
    try:
        raise LostRankError("another rank died", "run again")
    finally:
        raise PreemptedError("SIGTERM")


def test_a_rank_that_is_only_stopped_says_so(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", RUN_ID)
    monkeypatch.setattr("contreg_core.ranks.starter.stop_with_the_starter", lambda: None)
    with pytest.raises(PreemptedError), ranks(Wish(None, None, "cpu", "1s")):
        raise PreemptedError("SIGTERM")
