"""docs/reference/commands.md is what ``--help`` prints. ``CONTREG_WRITE_DOCS=1 pytest THIS_FILE`` writes it anew."""

import os
from collections.abc import Iterator
from pathlib import Path

import click

from contreg_cli.main import cli

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
HEAD = """# Commands

Written by `CONTREG_WRITE_DOCS=1 pytest tests/cli/test_commands_page.py`; a test keeps it true.
Exit codes: 0 done, 2 a wrong name or option, 3 some scans or pairs failed and the others are done, 65 a damaged input,
66 an input that is not there, 69 a plugin or device that is not there, 70 a bug in contreg, 73 an output that cannot
be made, 74 a full or failing disk, 75 stopped and safe to run again, 77 no permission, 78 a recipe, cache or checkpoint
that does not fit, 130 interrupted.
"""


def sections(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    context = click.Context(command, parent=parent, info_name=name, terminal_width=100)
    context.help_option_names = cli.context_settings["help_option_names"]
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from sections(found, context, child)


def test_the_page_is_what_help_prints():
    page = "\n".join([HEAD, *sections(cli, None, "contreg")])
    if os.environ.get("CONTREG_WRITE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, (
        "run CONTREG_WRITE_DOCS=1 pytest tests/cli/test_commands_page.py"
    )
