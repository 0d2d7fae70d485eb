"""Mutation testing: change one thing in a module, run its tests, count the changes that no test notices.

    python tests/mutation.py                              every module below, 40 mutants of each at most
    python tests/mutation.py --most 0 checkpoint          every mutant of one

Mutants: comparisons turned, arithmetic exchanged, ``and`` for ``or``, ``not`` left out, constants changed, one
statement left out. Works on a copy; the source stays as it is. Exit 1 below a score of 80 %.
"""

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GOAL = 0.8
FIELDS = (
    "tests/core/transform",
    "tests/properties/test_transform_laws.py",
    "tests/core/inference/test_itk_applies.py",
)
MODULES = {
    "checkpoint": ("contreg_core/checkpoint.py", ("tests/core/test_checkpoint.py",)),
    "world": ("contreg_core/transform/world.py", FIELDS),
    "operations": ("contreg_core/transform/operations.py", FIELDS),
    "convention": ("contreg_core/transform/convention.py", FIELDS),
    "field_file": ("contreg_core/transform/field_file.py", FIELDS),
    "composite": ("contreg_core/transform/composite.py", FIELDS),
    "points_file": ("contreg_core/transform/points_file.py", (*FIELDS, "tests/cli/test_warp.py")),
}
TURNED = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.MatMult: ast.Add,
    ast.FloorDiv: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A changed module: where, what, and its text."""

    line: int
    what: str
    text: str


def main() -> None:
    """A score for each module."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help=", ".join(MODULES))
    parser.add_argument("--most", type=int, default=40, help="mutants a module, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    scores = [score(name, options.most, random.Random(options.seed)) for name in options.modules or MODULES]
    killed, tried = (sum(column) for column in zip(*scores, strict=True))
    print(f"all: {killed} of {tried} noticed, {100 * killed / tried:.0f} %")
    sys.exit(killed < GOAL * tried)


def score(name: str, most: int, rng: random.Random) -> tuple[int, int]:
    """(noticed, tried) of one module."""
    module, tests = MODULES[name]
    found = list(mutants((ROOT / module).read_text(encoding="utf-8")))
    tried = found if most == 0 or most >= len(found) else rng.sample(found, most)
    with tempfile.TemporaryDirectory(prefix="contreg-mutation-") as folder:
        copied = Path(folder) / "tree"
        shutil.copytree(
            ROOT, copied, ignore=shutil.ignore_patterns(".*", "runs", "benchmarks", "*.nbi", "*.nbc")
        )
        present = [test for test in tests if (ROOT / test).exists()]
        if not passes(copied, present):
            raise SystemExit(f"{name}: the tests fail without any change")
        survivors = [one for one in tried if survives(copied, module, one, present)]
    for one in survivors:
        print(f"  {module}:{one.line}: {one.what}", flush=True)
    noticed = len(tried) - len(survivors)
    print(f"{name}: {noticed} of {len(tried)} noticed (of {len(found)} there are)", flush=True)
    return noticed, len(tried)


def survives(tree: Path, module: str, mutant: Mutant, tests: list[str]) -> bool:
    """Whether the tests pass all the same."""
    whole = (tree / module).read_text(encoding="utf-8")
    (tree / module).write_text(mutant.text, encoding="utf-8")
    try:
        return passes(tree, tests)
    finally:
        (tree / module).write_text(whole, encoding="utf-8")


def passes(tree: Path, tests: list[str]) -> bool:
    """Run the tests on the copy; one that hangs has noticed."""
    paths = os.pathsep.join(str(tree / part) for part in ("", "adapters", "cli"))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        ended = subprocess.run(
            command,
            cwd=tree,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=600,
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node):
            changed = copy.deepcopy(tree)
            change(list(ast.walk(changed))[number])
            yield Mutant(getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(changed)))


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
        turned = TURNED[type(node.ops[0])]
        yield f"{ast.unparse(node)} with {turned.__name__}", lambda n: n.ops.__setitem__(0, turned())
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in TURNED and not _names_types(node):
        turned = TURNED[type(node.op)]
        yield f"{ast.unparse(node)} with {turned.__name__}", lambda n: setattr(n, "op", turned())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield f"{ast.unparse(node)} without its sign", lambda n: setattr(n, "op", ast.UAdd())
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"{node.value} + 1", lambda n: setattr(n, "value", n.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"not {node.value}", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.FunctionDef | ast.If | ast.With | ast.For):
        for index, statement in enumerate(node.body):
            if isinstance(statement, ast.Expr | ast.Assign | ast.AugAssign) and not _text(statement):
                yield (
                    f"without {ast.unparse(statement)[:60]}",
                    lambda n, index=index: n.body.__setitem__(index, ast.Pass()),
                )


def _text(statement: ast.stmt) -> bool:
    """A docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _names_types(node: ast.BinOp | ast.BoolOp) -> bool:
    """``Affine | None`` is no arithmetic."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)


if __name__ == "__main__":
    main()
