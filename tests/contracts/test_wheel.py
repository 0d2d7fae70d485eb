"""The wheel: the same bytes from the same tree wherever and whenever it is built, with its SBOM inside."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import contreg_core

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FILES = ("pyproject.toml", "hatch_build.py", "requirements.lock", "README.md", "LICENSE", ".gitignore")


def build(tree: Path, out: Path) -> Path:
    """The wheel of a tree, made of a release of a fixed day."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sbom(wheel: Path) -> dict[str, Any]:
    with zipfile.ZipFile(wheel) as archive:
        name = f"contreg-{contreg_core.__version__}.dist-info/sboms/contreg.cdx.json"
        assert name in archive.read(name.partition("sboms")[0] + "RECORD").decode()
        return dict(json.loads(archive.read(name)))


def test_a_second_build_elsewhere_and_later_is_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    for package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        shutil.copytree(ROOT / package, tmp_path / "tree" / package, copy_function=shutil.copyfile)
    for name in FILES:
        shutil.copyfile(ROOT / name, tmp_path / "tree" / name)
    assert build(tmp_path / "tree", tmp_path / "out").read_bytes() == wheel.read_bytes()


def test_the_sbom_names_this_release_and_every_pin(sbom: dict[str, Any]) -> None:
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.6")
    assert sbom["metadata"]["component"]["version"] == contreg_core.__version__
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split()[0] for line in lock if "==" in line and line[0] not in " #"]
    assert [f"{part['name']}=={part['version']}" for part in sbom["components"]] == pins


def test_the_graph_of_the_sbom_is_whole(sbom: dict[str, Any]) -> None:
    """Contreg needs its declared dependencies, everything is reached from it, no reference leads nowhere."""
    needs = {node["ref"]: node["dependsOn"] for node in sbom["dependencies"]}
    own = sbom["metadata"]["component"]["bom-ref"]
    names = {ref.rpartition("/")[2].partition("@")[0] for ref in needs[own]}
    assert len(names) == len(PROJECT["project"]["dependencies"])
    reached, waiting = set[str](), [own]
    while waiting:
        reached.add(ref := waiting.pop())
        waiting += set(needs[ref]) - reached
    assert reached == {part["bom-ref"] for part in sbom["components"]} | {own}
