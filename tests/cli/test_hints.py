"""Every remedy names options that exist, and that the command has: of others it says whose they are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from contreg_cli.hints import remedy
from contreg_cli.main import cli

ROOT = Path(__file__).parents[2]
_FOREIGN = re.compile(
    r"topup|fnirtfileutils|lta_convert|mri_\w+|sbatch|srun|torchrun|pip |--array|flirt|var\(--"
)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


COMMANDS = dict(commands(cli))
OPTIONS = {
    path: {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    for path, command in COMMANDS.items()
}


def told() -> Iterator[tuple[str, str]]:
    """(file and line, text) of every string of the sources that names an option."""
    for package in ("contreg_core", "contreg_plugins", "contreg", "adapters", "cli"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            pieces = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr):
                    text = "".join(v.value if isinstance(v, ast.Constant) else "X" for v in node.values)
                elif (
                    isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces
                ):
                    text = node.value
                else:
                    continue
                if "--" in text and not _FOREIGN.search(text):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text


TOLD = list(told())


def test_every_option_that_a_text_names_exists() -> None:
    every = set().union(*OPTIONS.values()) | {one for p in cli.params for one in p.opts} | {"--help"}
    named = [(place, option) for place, text in TOLD for option in _OPTION.findall(text)]
    assert len(named) > 100
    assert [one for one in named if one[1] not in every] == []


def test_a_command_that_is_named_with_an_option_has_it() -> None:
    """``contreg register --affine affine``: the option is that command's."""
    wrong = []
    for place, text in TOLD:
        for found in re.finditer(r"contreg ([a-z]+(?: [a-z]+)?)([^.;()\n]*)", text):
            path = found[1] if found[1] in OPTIONS else found[1].partition(" ")[0]
            options = _OPTION.findall(found[2].partition(", or ")[0])
            wrong += [(place, path, one) for one in options if path in OPTIONS and one not in OPTIONS[path]]
    assert wrong == []


@pytest.mark.parametrize("path", COMMANDS)
def test_a_remedy_for_any_command_says_whose_an_option_is(path: str) -> None:
    for option in {option for _, text in TOLD for option in _OPTION.findall(text)}:
        said = remedy(f"try {option}", cli, path.split())
        others = [one for one, known in OPTIONS.items() if option in known]
        if option in OPTIONS[path] or not others:
            assert said == f"try {option}"
        else:
            assert said == f"try {option} (of contreg {others[0]})"


def test_what_follows_a_command_is_left_alone() -> None:
    hint = "run contreg prepare --data lpba40 --source DIR, or align them first (register --affine affine)"
    assert remedy(hint, cli, ["warp", "a.nii.gz"]) == hint
