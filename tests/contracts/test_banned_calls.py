"""Nothing in contreg can run code hidden in data: the calls that could are not there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for package in ("contreg_core", "contreg_plugins", "contreg", "adapters", "cli")
    for path in sorted((ROOT / package).rglob("*.py"))
]
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "zipfile", "tarfile"}
CALLS = {
    *("eval", "exec", "compile", "torch.load", "torch.hub.load", "yaml.load", "os.system", "os.popen"),
    *("shutil.unpack_archive", "urllib.request.urlopen", "torch.package.PackageImporter"),
}
TRUE_KEYWORDS = {"shell", "allow_pickle"}


def offences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what) of every banned import and call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names if _banned(name.name))
        elif isinstance(node, ast.ImportFrom):
            yield from [(node.lineno, node.module)] * _banned(node.module or "")
            yield from ((node.lineno, name) for name in _imported(node) if name in CALLS)
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, what) for what in _call(node))


def _banned(module: str) -> bool:
    return module.partition(".")[0] in MODULES


def _imported(node: ast.ImportFrom) -> list[str]:
    return [f"{node.module}.{name.name}" for name in node.names]


def _call(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    if name in CALLS:
        yield name
    if name.rpartition(".")[2] == "extractall" and not any(k.arg == "filter" for k in node.keywords):
        yield "extractall without a filter"
    for keyword in node.keywords:
        if keyword.arg in TRUE_KEYWORDS and ast.unparse(keyword.value) != "False":
            yield f"{keyword.arg}={ast.unparse(keyword.value)}"


def test_no_banned_call() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in SOURCES
        for line, what in offences(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(SOURCES) > 20
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import os, pickle as p",
        "from pickle import loads",
        "from torch import load",
        "torch.load(path)",
        "eval(text)",
        "exec(text)",
        "yaml.load(text)",
        "subprocess.run(command, shell=True)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "archive.extractall(folder)",
        "import zipfile",
        "shutil.unpack_archive(path)",
        "from urllib.request import urlopen",
    ],
)
def test_the_check_sees(code: str) -> None:
    assert list(offences(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ["ast.literal_eval(text)", "model.eval()", "np.load(path, allow_pickle=False)", "json.load(file)"],
)
def test_the_check_lets_pass(code: str) -> None:
    assert not list(offences(ast.parse(code)))
