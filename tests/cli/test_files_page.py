"""The page on files lists what caches, runs, checkpoints and model files hold."""

import json
import re
from pathlib import Path

import h5py
from safetensors import safe_open

PAGE = (Path(__file__).parents[2] / "docs/reference/files.md").read_text(encoding="utf-8")


def table(heading: str) -> str:
    """The first column of the tables below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(line.split("|")[1] for line in section.splitlines() if line.startswith("|"))


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_a_scan_of_a_cache(cache):
    with h5py.File(next(cache.glob("*/subjects/*.h5"))) as file:
        held = {f"/{name}" for name in file} | set(file.attrs)
        assert held == quoted(table("A cache"))
        assert file.attrs["schema"] == int(re.search(r"\| `schema` \| (\d+) \|", PAGE)[1])


def test_a_run(trained, cache, contreg):
    assert contreg("evaluate", trained, "--cache", cache, "--split", "test").code == 0
    files = [path.relative_to(trained).as_posix() for path in trained.rglob("*") if path.is_file()]
    # Other tests score the same run in other ways: -symmetric, -refine-3.
    written = {re.sub(r"^evaluation/[^/]+/", "evaluation/PROTOCOL-SPLIT/", file) for file in files}
    made = ("run.json", "checkpoints/last.safetensors", "evaluation/PROTOCOL-SPLIT/run.json")
    assert {"recipe.toml", "metrics.jsonl", *made} <= written
    assert written <= quoted(table("A run"))


def test_the_record_of_a_model_file(trained, contreg, tmp_path):
    file = tmp_path / "model.safetensors"
    assert contreg("export", trained, file).code == 0
    with safe_open(file, "pt") as opened:
        record = json.loads(opened.metadata()["contreg"])
    held = {key for key in record if key != "export"} | {f"export.{key}" for key in record["export"]}
    assert quoted(table("A model file")) == held
