"""No page names an option, command, component, recipe, protocol, setting, module or file that does not exist."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from contreg_cli.main import cli
from contreg_core.catalogue import Catalogue
from contreg_core.parameters import parameters_of
from contreg_core.plugins import load_catalogue
from contreg_core.recipe.nouns import SECTIONS
from tests.docs.pages import PAGES, ROOT, name

Words = tuple[str, ...]
FOREIGN_OPTIONS = {
    "--help",
    "--rel",
    "--local-addr",
    "--ntasks-per-node",
}  # click, applywarp, torchrun, SLURM
OTHERS = (
    "pip ",
    "pytest ",
    "python ",
    "torchrun ",
    "dask ",
    "srun ",
    "sbatch ",
    "make ",
    "git ",
)  # whose options are theirs
EXAMPLES = ("tukey",)  # a loss that the page on plugins has its reader write
FOLDERS = (
    "contreg_core",
    "contreg_plugins",
    "contreg",
    "adapters",
    "cli",
    "tests",
    "docs",
    "benchmarks",
    "plugins",
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(plugins=False)


def commands(command: click.Command = cli, path: Words = ()) -> Iterator[tuple[Words, click.Command]]:
    """Every command with its path."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from commands(found, (*path, child))


COMMANDS = dict(commands())
PARAMETERS = [one for command in COMMANDS.values() for one in command.params]
OPTIONS = {option for one in PARAMETERS for option in (*one.opts, *one.secondary_opts)}


def quoted(page: Path) -> list[str]:
    """What stands in backticks in running text."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return re.findall(r"`([^`\n]+)`", text)


def each(pattern: str) -> list[tuple[str, str]]:
    """(page, what is quoted) of everything that matches."""
    return sorted({(name(page), text) for page in PAGES for text in quoted(page) if re.search(pattern, text)})


def test_options_exist() -> None:
    known = OPTIONS | FOREIGN_OPTIONS
    own = [(page, text) for page, text in each(r"(^|\s)--[a-z]") if not text.startswith(OTHERS)]
    used = [(page, option) for page, text in own for option in re.findall(r"(?:^|\s)(--[a-z][a-z-]*)", text)]
    assert used
    scripts = _scripts()
    assert [
        (page, option) for page, option in used if option not in known and f'"{option}"' not in scripts
    ] == []


def test_commands_exist() -> None:
    wrong = [(page, text) for page, text in each(r"^contreg [a-z]") if not _is_command(text)]
    assert wrong == []


def _is_command(text: str) -> bool:
    first, *rest = re.findall(r"[^|\s]+", text)[1:]
    command = COMMANDS.get((first,))
    if not isinstance(command, click.Group) or not rest or rest[0].startswith("-"):
        return command is not None
    return (first, rest[0]) in COMMANDS


def test_recipes_and_protocols_exist(catalogue: Catalogue) -> None:
    known = {name for _, name in catalogue.owners}
    known |= {protocol.name for cls in catalogue.cohorts() for protocol in cls().protocols()}
    starts = "|".join(sorted({re.escape(one.partition("/")[0]) for one in known if "/" in one}))
    slashed = each(rf"^(?:{starts})/[a-z0-9-]+$")
    assert len(slashed) > 10
    assert [(page, text) for page, text in slashed if text not in known] == []


def test_settings_exist(catalogue: Catalogue) -> None:
    knobs = {(cls.kind, knob) for cls in catalogue.components() for knob in parameters_of(cls)}
    knobs |= {(section, knob) for section, cls in SECTIONS.items() for knob in parameters_of(cls)}
    knobs |= {("cohort", knob) for cls in catalogue.cohorts() for knob in parameters_of(cls)}
    kinds = "|".join(sorted({kind for kind, _ in knobs} - {"loss"}))
    used = _settings(rf"(?:^|\s)({kinds})\.([a-z_]+)\b(?!\()")
    assert len(used) > 40
    assert [one for one in used if one[1:] not in knobs and one[2] not in ("toml", "json")] == []


def test_terms_exist(catalogue: Catalogue) -> None:
    losses = {cls.name: {"weight", *parameters_of(cls)} for cls in catalogue.components("loss")}
    used = [one for one in _settings(r"\bloss\.([a-z0-9-]+)\.([a-z_]+)") if one[1] not in EXAMPLES]
    assert len(used) > 20
    assert [one for one in used if one[2] not in losses.get(one[1], ())] == []


def _settings(pattern: str) -> list[tuple[str, ...]]:
    """(page, what the groups found) of everything quoted."""
    return [(page, *found) for page, text in each(pattern) for found in re.findall(pattern, text)]


def test_modules_and_files_exist() -> None:
    dotted = [(page, text) for page, text in each(r"^contreg_(core|cli|plugins|adapters)(\.[A-Za-z_]\w*)+$")]
    assert [(page, text) for page, text in dotted if not _importable(text)] == []
    paths = [(page, text) for page, text in each(rf"^(?:{'|'.join(FOLDERS)})/[\w./-]+$")]
    assert paths
    scripts = _scripts()
    missing = [(page, Path(text)) for page, text in paths if not (ROOT / text).exists()]
    made = "benchmarks/results"  # a script names what it writes there
    assert [one for one in missing if not (str(one[1]).startswith(made) and one[1].name in scripts)] == []


def _scripts() -> str:
    """The text of the Makefile and of all that measures."""
    files = [
        ROOT / "Makefile",
        *(ROOT / "benchmarks").rglob("*.py"),
        *(ROOT / "tests/reliability").rglob("*.py"),
    ]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _importable(dotted: str) -> bool:
    head, _, tail = dotted.rpartition(".")
    try:
        importlib.import_module(dotted)
    except ModuleNotFoundError:
        return bool(head) and hasattr(importlib.import_module(head), tail)
    return True
