"""Experiments on accuracy: tried on training subjects, chosen on those held out, reported once on the test subjects.

    python -m benchmarks.accuracy run benchmarks/accuracy/experiments/contrast.toml --cache CACHE
    python -m benchmarks.accuracy report benchmarks/accuracy/experiments/contrast.toml --cache CACHE
    python -m benchmarks.accuracy peers --data lpba40 --peer-python PEERS/bin/python --budget 30m --cache CACHE

``run`` goes on where it stopped. Everything tried is a line of ``benchmarks/results/accuracy/trials.jsonl``.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.threads import share_the_processor

if TYPE_CHECKING:
    from benchmarks.accuracy.experiment import Experiment
    from benchmarks.accuracy.work import Place


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; returns an exit code."""
    share_the_processor()
    options = _parser().parse_args(arguments)
    from contreg_core.errors import ContregError

    try:
        return int(options.work(options))
    except ContregError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _run(options: argparse.Namespace) -> int:
    from benchmarks.accuracy.document import write
    from benchmarks.accuracy.side_by_side import work

    experiment, place = _experiment(options), _place(options)
    only = set(options.only)
    trials = [trial for trial in experiment.trials() if not only or trial.variant.name in only]
    try:
        return work(trials, place, options.jobs)
    finally:
        write(place.ledger)


def _list(options: argparse.Namespace) -> int:
    from benchmarks.accuracy.work import scored_on

    experiment, place = _experiment(options), _place(options)
    for trial in experiment.trials():
        wanted = scored_on(experiment, trial)
        done = [data for data in wanted if place.ledger.last(kind="scored", key=trial.key, scored_on=data)]
        state = "done" if done == wanted else "to do"
        print(f"{state}\t{trial.variant.name}\t{trial.data}\tseed {trial.seed}\t{place.run(trial)}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from benchmarks.accuracy.document import write
    from benchmarks.accuracy.report import report

    place = _place(options)
    try:
        return report(_experiment(options), place, options.by, options.jobs)
    finally:
        write(place.ledger)


def _peers(options: argparse.Namespace) -> int:
    from benchmarks.accuracy.document import write
    from benchmarks.accuracy.peers import peers

    place = _place(options)
    try:
        return peers(options, place)
    finally:
        write(place.ledger)


def _document(options: argparse.Namespace) -> int:
    from benchmarks.accuracy.document import write

    write(_place(options).ledger)
    return 0


def _experiment(options: argparse.Namespace) -> "Experiment":
    from benchmarks.accuracy.experiment import read_experiment

    found = read_experiment(options.file)
    return found.narrowed(
        budget=options.budget,
        steps=options.steps,
        seeds=tuple(options.seeds),
        data=tuple(options.data),
        settings=(*found.settings, *options.settings),
    )


def _place(options: argparse.Namespace) -> "Place":
    from benchmarks.accuracy.ledger import Ledger
    from benchmarks.accuracy.work import Place

    return Place(options.work_folder, options.cache, options.device, Ledger(options.results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, does, told in (
        ("run", _run, "train what is not trained and score it on the subjects held out"),
        ("list", _list, "what there is to do, and what is done"),
        ("report", _report, "score on the test subjects, and record that they were looked at"),
    ):
        command = _common(commands.add_parser(name, help=told, description=told), does)
        command.add_argument("file", type=Path, help="an experiment file")
        command.add_argument("--budget", default="", help="training time, instead of the file's")
        command.add_argument("--steps", type=int, default=0, help="optimiser steps, instead of the file's")
        command.add_argument("--seeds", type=int, nargs="+", default=[], help="instead of the file's")
        command.add_argument("--data", nargs="+", default=[], help="cohorts, instead of the file's")
        _add_settings(command, "of all recipes, beside the file's")
        if name != "list":
            command.add_argument(
                "--jobs", type=int, default=1, help="trials at a time, e.g. on one large GPU"
            )
        if name == "run":
            command.add_argument("--only", nargs="+", default=[], metavar="VARIANT")
        if name == "report":
            command.add_argument("--by", default="", help="who looks; default: as git says")
    _add_peers(commands.add_parser("peers", help="every method on the same test pairs, antspyx among them"))
    _common(commands.add_parser("document", help="write the tables for reading anew"), _document)
    return parser


def _add_peers(command: argparse.ArgumentParser) -> None:
    _common(command, _peers)
    command.add_argument("--data", choices=("lpba40", "mindboggle"), default="lpba40")
    command.add_argument("--peer-python", default=sys.executable, help="an interpreter that has antspyx")
    command.add_argument("--budget", default="30m", help="training time of every learned row, or paper")
    command.add_argument("--only", nargs="+", default=[], metavar="ROW")
    command.add_argument("--limit", type=int, help="score only so many pairs")
    command.add_argument("--solver-limit", type=int, help="and of rows that optimise every pair so many")
    command.add_argument("--seed", type=int, default=0)
    _add_settings(command, "of all rows")
    command.add_argument("--by", default="", help="who looks; default: as git says")


def _add_settings(command: argparse.ArgumentParser, told: str) -> None:
    command.add_argument("-s", "--set", dest="settings", action="append", default=[], help=told)


def _common(command: argparse.ArgumentParser, does: object) -> argparse.ArgumentParser:
    from benchmarks.accuracy.ledger import RESULTS

    command.set_defaults(work=does)
    command.add_argument("--work", dest="work_folder", type=Path, default=Path(".data/accuracy"))
    command.add_argument("--cache", type=Path, help="of contreg prepare")
    command.add_argument("--device", default="auto")
    command.add_argument("--results", type=Path, default=RESULTS, help="folder of the table")
    return command


if __name__ == "__main__":
    sys.exit(main())
