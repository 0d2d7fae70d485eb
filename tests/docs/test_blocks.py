"""Every block of every page is run; what would take long there is made small here, and nothing else is changed."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from contreg.fitting import default_run
from contreg.front import ContregWarning
from contreg.recipes import DEFAULT_MODEL
from contreg_adapters.label_table import read_table
from contreg_cli.main import run
from contreg_core.cache.location import default_root
from contreg_core.conformance.component import KIND_LAWS
from contreg_core.recipe import load_recipe
from contreg_core.transform.points_file import read_points
from tests.docs.pages import PAGES, ROOT, Block, blocks, name

ELSEWHERE = {
    ("docs/how-to/plugins.md", "python"): "tests/contracts/test_docs.py",
    ("docs/explanation/experiments.md", "bash"): "tests/benchmarks/accuracy/test_work.py, test_peers.py",
    ("docs/how-to/many-gpus.md", "bash"): "tests/cli/test_fit_sbatch.py, tests/cli/test_ranks.py",
    ("docs/how-to/slurm.md", ""): "tests/cli/test_cohort_work.py, tests/core/fleet/test_dask.py",
    ("docs/how-to/slurm.md", "sh"): "tests/cli/test_slurm_page.py",
}
"""Who runs the blocks of a language on a page."""
PRINTED = {
    "docs/reference/commands.md",
    "docs/reference/hooks.md",
}  # tests/contracts/test_generated.py compares them
SMALL = {
    "fit": ["--steps", "2", "--device", "cpu"],
    "evaluate": ["--limit", "2"],
    "benchmark": ["--budget", "1s", "--limit", "1", "--no-figures"],
}
"""What a command gets beside what the page says, in place of the page's own values."""
TIMES = {
    "--max-time",
    "--epochs",
    "--steps",
    "--budget",
    "--limit",
    "--solver-limit",
    "--device",
    "--devices",
    "--only",
}
UNCROPPED = ["-s", "preprocessing.crop_offset=()", "-s", "preprocessing.crop=()"]
"""For recipes whose crop is larger than the tiny brains."""


def small(words: list[str]) -> list[str]:
    """Arguments of ``contreg`` with the work limited."""
    pairs = list(zip(words, [*words[1:], ""], strict=True))
    if words[0] in SMALL:
        dropped = {i + d for i, (word, _) in enumerate(pairs) if word in TIMES for d in (0, 1)}
        words = [word for i, word in enumerate(words) if i not in dropped]
    rows = ("contrastive-vae",) if "table3" in words else ("none", "voxelmorph")
    only = [word for row in rows for word in ("--only", row)] if words[0] == "benchmark" else []
    words = [re.sub(r"^preprocessing.spacing=3$", "preprocessing.spacing=12", word) for word in words]
    fewer = ("--refine", "--batch-size", "--samples")
    words = ["2" if before in fewer else word for before, word in zip(["", *words], words, strict=False)]
    cropped = words[0] in ("fit", "prepare") and any(word.startswith("contrastive-vae/") for word in words)
    crop = ["-s", "augmentation.crop=()", "--batch-size", "1"] if words[0] == "fit" else []
    return [*words, *SMALL.get(words[0], ()), *only, *([*UNCROPPED, *crop] if cropped else ())]


def needed(words: list[str]) -> list[list[str]]:
    """The commands a reader has given before: what trains and evaluates the runs a line speaks of."""
    named = [dict(pairwise(words)).get("--init", "")] if words[0] == "fit" else words
    runs = [word for word in named if re.fullmatch(r"runs/[a-z0-9-]+", word) and not Path(word).exists()]
    before = []
    for folder in runs:
        model, _, data = folder.removeprefix("runs/").rpartition("-")
        before += [["fit", "--model", model, "--data", data]]
    if words[0] == "compare":
        before += [["evaluate", folder] for folder in words[1:] if folder.startswith("runs/")]
        before += [["evaluate", "--model", "none", "--data", "lpba40"]]
    return before


def contreg(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if words[:2] == ["cache", "prune"]:  # a cache of that name, to lose
        shutil.copytree(next(default_root().glob("synthetic-*")), default_root() / words[2])
    for line in [*needed(words), words]:
        if line[0] == "fit" and "--run" not in line:
            # A page's fits of one name stand for themselves, each in a folder of its own.
            shutil.rmtree(_default_run(line), ignore_errors=True)
        code = run(small(line))
        said = capsys.readouterr()
        assert code == 0, f"contreg {' '.join(small(line))}\n{said.err}"


def _default_run(words: list[str]) -> Path:
    given = dict(pairwise(words))
    return default_run(given.get("--model", DEFAULT_MODEL), given["--data"])


def foreign(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A program of others: its files must be there, and it runs where it is installed."""
    made = words.index("-o") + 1
    assert all(
        Path(word).exists() for i, word in enumerate(words) if i != made and word.endswith((".gz", ".mat"))
    )
    if shutil.which(words[0]):
        subprocess.run(words, check=True)


def made(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    assert words[1] in targets


def script(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A script of the sources, whose options are looked for in its help."""
    command = [sys.executable, str(ROOT / words[1]), "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [word for word in words if word.startswith("--") and word not in told] == []


PROGRAMS: dict[str, Callable[[list[str], pytest.CaptureFixture[str]], None]] = {
    "contreg": lambda words, capsys: contreg(words[1:], capsys),
    "make": made,
    "python": script,
    "antsApplyTransforms": foreign,
    "applywarp": foreign,
}


def shell(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    for words in block.lines():
        assert words[0] in PROGRAMS, f"no test runs: {' '.join(words)}"
        PROGRAMS[words[0]](words, capsys)


def bash(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    """By bash, with the ``contreg`` and ``pip`` of this folder; of other programs only these."""
    for line in block.text.splitlines():
        words = shlex.split(line)
        assert words[0] in ("contreg", "pip", "echo", "mkdir"), f"no test runs: {line}"
        if words[:2] == ["contreg", "fit"]:
            line = shlex.join(["contreg", *small(words[1:]), "-s", "preprocessing.spacing=12"])
        subprocess.run(["bash", "-euc", line], check=True)


def printed(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    """A report of the conformance kit: the laws it names are laws."""
    laws = {law.name for laws in KIND_LAWS.values() for law in laws}
    assert set(re.findall(r"^  ([a-z-]+)$", block.text, re.M)) & laws


def python(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ContregWarning)  # the brains of the pages are tiny
        exec(compile(block.text, "page", "exec"), NAMES)


NAMES: dict[str, object] = {}
"""What the Python blocks of a page have defined so far: they are read, and run, in order."""


def table(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    """A manifest's lines are in the study that is run; a label table or points are such as can be read."""
    rows = list(csv.DictReader(block.text.splitlines()))
    if "image" in rows[0]:
        with open("study.csv", newline="") as file:
            studied = {row["id"]: row for row in csv.DictReader(file)}
        same = ("id", "image", "label", "mask", "split")
        assert all(row[key] == studied[row["id"]][key] for row in rows for key in same)
    elif "x" in rows[0]:
        Path("points-of-the-page.csv").write_text(block.text)
        assert len(read_points(Path("points-of-the-page.csv"))[1]) == len(rows)
    else:
        Path("labels-of-the-page.csv").write_text(block.text)
        assert read_table(Path("labels-of-the-page.csv"))


def toml(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_recipe(block.text) if "[loss" in block.text else tomllib.loads(block.text)


LANGUAGES = {
    "": shell,
    "console": shell,
    "sh": bash,
    "python": python,
    "csv": table,
    "toml": toml,
    "text": printed,
}


LONG = {
    f"docs/how-to/{page}.md" for page in ("check", "own-images", "tables", "recipes", "mindboggle", "gpu")
}
"""Pages that take ten seconds and more: make test-all."""
CASES = [
    pytest.param(page, marks=[pytest.mark.all] if name(page) in LONG else [])
    for page in PAGES
    if blocks(page)
]


@pytest.mark.parametrize("page", CASES, ids=lambda page: name(page))
def test_every_block_of_the_page_runs(page: Path, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for evaluated in Path("runs").glob("*/evaluation"):
        shutil.rmtree(evaluated)  # by another page
    NAMES.clear()
    NAMES["__name__"] = "page"
    own = [] if name(page) in PRINTED else blocks(page)
    for block in (one for one in own if (name(page), one.language) not in ELSEWHERE):
        assert block.language in LANGUAGES, f"no test runs a block of {block.language}"
        LANGUAGES[block.language](block, capsys)
