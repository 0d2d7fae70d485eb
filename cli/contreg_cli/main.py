"""``contreg``: the group of all commands, and the one place where a failure becomes a line and an exit code."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from contreg.allocator import keep_freed_memory
from contreg.front import using
from contreg.threads import share_the_processor
from contreg_cli.failure import PreemptedError, explain
from contreg_cli.lazy import LazyGroup
from contreg_cli.saying import close_stream, open_streams
from contreg_cli.shell import Shell
from contreg_cli.signals import ended
from contreg_core import __version__


class Contreg(LazyGroup):
    """Every command with its line of help, in the order a person meets them."""

    sections = {  # noqa: RUF012 - a constant of the class
        "Pipeline": {
            "prepare": "Read, check and cache a cohort, once.",
            "fit": "Train a model on a prepared cohort; run again to go on.",
            "evaluate": "Score a run under a named protocol: Dice, folding, distances.",
            "compare": "Set evaluations side by side, with paired differences.",
            "benchmark": "Make the paper's tables: fit, evaluate and compare every row.",
            "register": "Warp one image onto another, on its own grid, in scanner millimetres.",
            "segment": "Label images by registering labelled references to them.",
            "warp": "Carry an image, a label map or points through a transform.",
            "transform": "Displacement fields: inspect, convert, invert, compose.",
            "status": "Count finished, failed and missing items.",
            "report": "Write one HTML file about a run.",
            "export": "Write a run's model as one file to hand on.",
            "demo": "Run the full pipeline on a synthetic cohort, in two minutes.",
        },
        "Inspect and maintain": {
            "list": "Recipes, components and cohorts.",
            "show": "A recipe, component, cohort or model file in full.",
            "data": "Cohorts and caches: list, show, check.",
            "plugins": "Plugins: list, check, new.",
            "cache": "Caches of prepared cohorts: list, verify, prune.",
            "verify": "Whether outputs, runs and caches are still what was written.",
            "doctor": "What contreg finds on this machine, and the memory a training will take.",
            "completion": "Make a shell complete contreg's names.",
        },
    }


@click.group(cls=Contreg, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="contreg", message="%(prog)s %(version)s")
@click.option(
    "--plugins", metavar="NAMES", help="Load only these plugins (comma-separated; or CONTREG_PLUGINS)."
)
@click.option("--no-plugins", is_flag=True, help="Load nothing but contreg's own components.")
@click.option("--strict-plugins", is_flag=True, help="Stop where a plugin cannot be loaded.")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.pass_context
def cli(
    context: click.Context, plugins: str | None, no_plugins: bool, strict_plugins: bool, debug: bool
) -> None:
    """Learned deformable registration and label-free segmentation of brain MRI."""
    allow = None if plugins is None else tuple(plugins.split(","))
    shell = Shell(allow, not no_plugins, strict_plugins, debug=debug, arguments=context.obj or ())
    context.with_resource(using(shell))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code, having explained any failure on stderr."""
    try:
        with ended():
            code = cli.main(list(arguments), prog_name="contreg", standalone_mode=False, obj=tuple(arguments))
    except (Exception, KeyboardInterrupt, PreemptedError) as error:
        from contreg_cli.hints import remedy

        return explain(
            error,
            debug="--debug" in arguments,
            remedy=lambda hint: remedy(hint, cli, arguments) if hint else "",
        )
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """The console script."""
    open_streams()
    share_the_processor()
    keep_freed_memory()
    code = run(sys.argv[1:])
    close_stream()
    sys.exit(code)
