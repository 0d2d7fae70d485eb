"""Remedies that exist: an option that the running command does not have is named with the command that has it."""

import re
from collections.abc import Iterator, Sequence

import click

_OPTION = re.compile(r"(?<![\w-])(-{1,2}[a-z][a-z-]*)\b")
_COMMAND = re.compile(r"\bcontreg ((?:[a-z]+ ?){1,2})")


def remedy(hint: str, root: click.Group, arguments: Sequence[str]) -> str:
    """``hint`` for the command that ``arguments`` call; what follows the name of a command is that command's."""
    context = click.Context(root, info_name="contreg")
    own = set(_options(_called(root, context, arguments)))
    known = {path: set(_options(command)) for path, command in _commands(root, context)}
    place, made = 0, []
    for found in _OPTION.finditer(hint):
        option, before = found[1], hint[: found.start()]
        made.append(hint[place : found.end()])
        place = found.end()
        if option in own or _COMMAND.search(before) or before.rstrip().rpartition(" ")[2] in known:
            continue
        others = [path for path, options in known.items() if option in options]
        if option.startswith("--") and others:
            made.append(f" (of contreg {others[0]})")
    return "".join(made) + hint[place:]


def _called(root: click.Group, context: click.Context, arguments: Sequence[str]) -> click.Command:
    """The command that the arguments lead to; the group where they lead to none."""
    command: click.Command = root
    for word in arguments:
        if not isinstance(command, click.Group):
            break
        if not word.startswith("-") and word in command.list_commands(context):
            command = command.get_command(context, word) or command
    return command


def _commands(
    group: click.Group, context: click.Context, before: str = ""
) -> Iterator[tuple[str, click.Command]]:
    """(path, command) of all of them."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, context, f"{before}{name} ")
        elif command is not None:
            yield before + name, command


def _options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    yield from ("--help", "--debug", "--plugins", "--no-plugins", "--strict-plugins")
