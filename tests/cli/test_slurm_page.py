"""The job scripts of docs/how-to/slurm.md: bash takes them, and with a stand-in SLURM they do the whole work."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "slurm.md"
SCRIPTS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
KINDS = ("prepare", "segment", "register", "evaluate")

SBATCH = """#!{python}
# Stands for sbatch: runs every task of the array of a script, one after another, in the environment SLURM gives them.
import os, re, subprocess, sys
text = open(sys.argv[-1]).read()
low, high = map(int, re.search(r"^#SBATCH --array=(\\d+)-(\\d+)", text, re.M).groups())
high = min(high, low + {most} - 1)
cpus = re.search(r"^#SBATCH --cpus-per-task=(\\d+)", text, re.M)[1]
for index in range(low, high + 1):
    own = {{"ID": index, "COUNT": high - low + 1, "MIN": low, "MAX": high}}
    task = {{f"SLURM_ARRAY_TASK_{{name}}": str(value) for name, value in own.items()}}
    done = subprocess.run(["bash", sys.argv[-1]], env={{**os.environ, **task, "SLURM_CPUS_PER_TASK": cpus}})
    if done.returncode:
        sys.exit(done.returncode)
"""


def script(kind):
    return next(text for text in SCRIPTS if f"contreg {kind} " in text)


def program(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def site(tmp_path):
    """A folder with programs called sbatch, srun and contreg in front of the path; contreg notes what it is told."""
    tools = tmp_path / "bin"
    tools.mkdir()
    program(tools, "sbatch", SBATCH.format(python=sys.executable, most=3))
    program(tools, "srun", '#!/bin/bash\nexec "$@"\n')
    note = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['SLURM_ARRAY_TASK_ID']]))"
    program(
        tools, "contreg", f'#!/bin/bash\nexec {shlex.quote(sys.executable)} -c {shlex.quote(note)} "$@"\n'
    )
    return tmp_path


def submit(site, kind, **more):
    (site / "job.sh").write_text(script(kind))
    environment = {**os.environ, "PATH": f"{site / 'bin'}:{os.environ['PATH']}", **more}
    return subprocess.run(["sbatch", "job.sh"], cwd=site, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("kind", KINDS)
def test_bash_takes_every_script(kind):
    assert subprocess.run(["bash", "-n"], input=script(kind), text=True).returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_task_runs_a_command_line_the_program_takes(site, kind):
    import click

    from contreg_cli.main import cli

    done = submit(site, kind, STUDY="/study of mine", CACHE="/cache", RUN="runs/one")
    assert done.returncode == 0, done.stderr
    tasks = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({index for _, index in tasks}) == 3
    for arguments, _ in tasks:
        with click.Context(cli, **cli.context_settings) as context:
            _, command, rest = cli.resolve_command(context, arguments)
            command.make_context("contreg", list(rest), parent=context)
        assert {"/study of mine", "/cache", "runs/one", "pairs.csv"} & set(arguments)


def test_a_variable_that_is_not_set_ends_the_task(site):
    done = submit(site, "prepare", CACHE="/cache")
    assert done.returncode != 0
    assert "STUDY" in done.stderr


def test_the_array_of_the_page_prepares_the_whole(site, lpba40):
    """For real: three tasks of the script, two processes each."""
    program(site / "bin", "contreg", f'#!/bin/bash\nexec {shlex.quote(sys.executable)} -m contreg_cli "$@"\n')
    text = script("prepare").replace("--cpus-per-task=4", "--cpus-per-task=1")
    (site / "job.sh").write_text(text)
    environment = {**os.environ, "PATH": f"{site / 'bin'}:{os.environ['PATH']}", "STUDY": str(lpba40)}
    environment |= {"CACHE": str(site / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(["sbatch", "job.sh"], cwd=site, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (folder,) = (site / "cache").iterdir()
    said = subprocess.run(
        [sys.executable, "-m", "contreg_cli", "status", str(folder), "--json"], capture_output=True, text=True
    )
    found = json.loads(said.stdout)
    assert (len(found["done"]), found["failed"], found["missing"]) == (3, [], [])
