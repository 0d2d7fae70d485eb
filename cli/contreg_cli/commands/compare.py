"""``contreg compare``: evaluations side by side, with paired differences."""

from pathlib import Path

import click

from contreg_cli import completing, options


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    type=options.FOLDER,
    metavar="RUN...",
    shell_complete=completing.evaluations,
)
@click.option("--baseline", metavar="NAME", help="What the others are compared with (default: the first).")
@click.option("--common", is_flag=True, help="Where the pairs differ, compare on those that all have.")
@click.option("--across-caches", is_flag=True, help="Compare over different preprocessing all the same.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=options.FILE,
    metavar="FILE",
    help="Write the table (.csv or .json); may be given again.",
)
@options.overwrite
@options.as_json
def command(
    runs: tuple[Path, ...],
    baseline: str | None,
    common: bool,
    across_caches: bool,
    outputs: tuple[Path, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Set evaluations side by side, with paired differences.

    RUN is a run folder with one evaluation, or an evaluation folder (summary.json and pairs.csv). All must have been
    made under one protocol, on one split of one prepared cohort.
    """
    from contreg.comparing import checks
    from contreg.comparing.differences import compare
    from contreg.comparing.output import document, write
    from contreg.comparing.scored import read_scored
    from contreg_cli.comparison_table import print_rows
    from contreg_cli.console import print_json
    from contreg_core.overwriting import refuse_overwriting

    models = checks.named([read_scored(run) for run in runs])
    refuse_overwriting(outputs, (file for model in models for file in model.files), overwrite=overwrite)
    checks.check_comparable(models, across_caches=across_caches)
    models = checks.on_common_pairs(models, common=common)
    first = checks.find_baseline(models, baseline)
    rows = compare(models, first)
    content = document(models, rows, first.name)
    for output in outputs:
        write(output, content)
    if as_json:
        print_json(content)
        return
    print_rows(rows, f"{content['data']} ({content['split']}), protocol {content['protocol']}")
