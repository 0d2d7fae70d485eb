"""``contreg completion``: the line that makes a shell complete contreg's names."""

import click
from click.shell_completion import BashComplete, ShellComplete, get_completion_class

from contreg_cli.saying import echo

VARIABLE = "_CONTREG_COMPLETE"
_NO_SPACE = "COMPREPLY+=($value)\n            [[ $value == *= ]] && compopt -o nospace"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what makes SHELL complete commands, options, models, cohorts, runs and settings.

    \b
    bash: echo 'eval "$(contreg completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(contreg completion zsh)"' >> ~/.zshrc
    fish: contreg completion fish > ~/.config/fish/completions/contreg.fish

    TAB imports no plugin and no torch: names come from a small file in the user's cache folder, which every command
    that loads the catalogue (contreg list, say) keeps up to date.
    """
    root = click.get_current_context().find_root().command
    echo(_class(shell)(root, {}, "contreg", VARIABLE).source())


def _class(shell: str) -> type[ShellComplete]:
    found = get_completion_class(shell)
    assert found is not None
    return _Bash if found is BashComplete else found


class _Bash(BashComplete):
    """click's, without the space after ``PATH=``: a value follows."""

    source_template = BashComplete.source_template.replace("COMPREPLY+=($value)", _NO_SPACE)
