"""The batch script of docs/how-to/many-gpus.md: its syntax, and a dry run where ``srun`` and ``scontrol`` stand in."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from contreg_core.checkpoint import read_checkpoint

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "many-gpus.md"
SRUN = """#!/bin/bash
# As srun: so many tasks of one step, each with its number; the highest exit code; all end where one fails.
while [[ $1 == -* ]]; do shift; done
export SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=$SLURM_NTASKS SLURM_STEP_NODELIST=localhost
export SLURM_STEP_TASKS_PER_NODE=$SLURM_NTASKS
tasks=()
for ((number = 0; number < SLURM_NTASKS; number++)); do
  SLURM_PROCID=$number SLURM_LOCALID=$number "$@" & tasks+=($!)
done
if [[ -n $STAND_IN_PREEMPTS ]]; then
  tail -n +1 -F "$STAND_IN_PREEMPTS" 2>/dev/null | grep -qm1 "step 3:"
  kill -TERM "${tasks[@]}"
fi
highest=0
for task in "${tasks[@]}"; do wait "$task" || { code=$?; ((code > highest)) && highest=$code; }; done
exit $highest
"""
SCONTROL = '#!/bin/bash\necho "$@" >> "$STAND_IN_REQUEUED"\n'
CONTREG = f'#!/bin/bash\nexec {sys.executable} -m contreg_cli "$@"\n'


@pytest.fixture
def script(tmp_path):
    """The page's script as a file."""
    (text,) = re.findall(r"^```bash\n(#!/bin/bash\n.*?)^```", PAGE.read_text(), re.S | re.M)
    (tmp_path / "fit.sh").write_text(text)
    return tmp_path / "fit.sh"


@pytest.fixture
def submit(script, tmp_path):
    """``submit(*arguments)``: the script runs as job 7 with two tasks; ``(code, what it said)``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {"srun": SRUN, "scontrol": SCONTROL, "contreg": CONTREG}.items():
        (folder / name).write_text(text)
        (folder / name).chmod((folder / name).stat().st_mode | stat.S_IXUSR)
    said = tmp_path / "slurm-7.out"

    def call(*arguments, preempted=False):
        own = {
            **{"PATH": f"{folder}:{os.environ['PATH']}", "GLOO_SOCKET_IFNAME": "lo"},
            **{"SLURM_JOB_ID": "7", "SLURM_NTASKS": "2", "SLURM_PROCID": "0"},
            **{"STAND_IN_REQUEUED": str(tmp_path / "requeued"), "STAND_IN_PREEMPTS": str(said) * preempted},
        }
        with said.open("w") as file:
            command = ["bash", str(script), *map(str, arguments)]
            code = subprocess.call(command, env={**os.environ, **own}, stdout=file, stderr=file)
        return code, said.read_text()

    return call


def test_its_syntax(script):
    assert subprocess.call(["bash", "-n", str(script)]) == 0
    directives = [line for line in script.read_text().splitlines() if line.startswith("#SBATCH")]
    assert "#SBATCH --requeue" in directives
    assert all(re.fullmatch(r"#SBATCH --[a-z-]+(=\S+)?", line) for line in directives)


@pytest.mark.all
def test_a_preempted_job_is_requeued_and_goes_on(submit, small, cache, tmp_path):
    arguments = [*small, "--cache", cache, "--run", tmp_path / "run", "--batch-size", 2, "--steps", 20]
    code, said = submit(*arguments, preempted=True)
    assert code == 75, said
    assert (tmp_path / "requeued").read_text() == "requeue 7\n"
    assert [
        line
        for line in said.splitlines()
        if re.match("error(:| CR-)", line) and "stopped by SIGTERM after step" not in line
    ] == []
    assert said.count("stopped by SIGTERM after step") == 1
    code, said = submit(*arguments)
    assert code == 0, said
    assert "2 ranks; goes on after step" in said
    assert (tmp_path / "requeued").read_text() == "requeue 7\n"
    record = read_checkpoint(tmp_path / "run/checkpoints/last.safetensors").record
    assert (record["place"]["step"], record["ranks"]) == (20, 2)


def test_a_job_that_fails_is_not_requeued(submit, tmp_path):
    code, said = submit("--data", "nowhere", "--run", tmp_path / "run")
    assert code == 2, said
    assert not (tmp_path / "requeued").exists()
