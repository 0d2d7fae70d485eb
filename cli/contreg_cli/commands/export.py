"""``contreg export``: a run's model as one file to hand on."""

from pathlib import Path
from shlex import quote

import click

from contreg_cli import options
from contreg_cli.saying import echo


@click.command()
@options.run_folder
@click.argument("file", type=options.FILE)
@click.option("--licence", default="", metavar="TEXT", help="Under which others may use it, e.g. CC-BY-4.0.")
@click.option(
    "--notes", default="", metavar="TEXT", help="What else they should know: data, limits, contact."
)
@click.option(
    "--bits",
    type=click.Choice(["32", "16", "8"]),
    default="32",
    show_default=True,
    help="Of every weight; 8 is a quarter of the size, in steps of a row's largest value.",
)
def command(run: Path, file: Path, licence: str, notes: str, bits: str) -> None:
    """Write the model of RUN to FILE, one .safetensors file to hand on.

    It holds the best weights, the recipe with its preprocessing, the label table, where the run came from, and the
    figures of every evaluation of these weights, all under one SHA-256. FILE goes wherever a RUN is taken: register,
    segment, evaluate --model FILE; contreg show FILE prints what is in it. It names the training subjects by their ids.
    """
    from contreg_core.inference.export import Bits, evaluations, export_run
    from contreg_core.training.run_folder import RunFolder

    width: Bits = 8 if bits == "8" else 16 if bits == "16" else 32
    record = export_run(RunFolder(run), file, licence=licence, notes=notes, bits=width)
    told = record["export"]["evaluations"]
    for name in evaluations(RunFolder(run)):
        if name not in told:
            echo(f"warning: evaluation {name} is left out: it was not made with these weights", err=True)
    echo(f"written: {file} ({file.stat().st_size / 1e6:.1f} MB, evaluations: {', '.join(told) or 'none'})")
    echo(f"next: contreg show {quote(str(file))}")
