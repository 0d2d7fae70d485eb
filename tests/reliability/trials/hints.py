"""Every remedy that the sources hold, for every command: names it an option that is not there, or not the command's?"""

import runpy
from pathlib import Path

from contreg_cli.hints import remedy
from contreg_cli.main import cli
from trials.tally import Row

_ROOT = {"--help", *(name for one in cli.params for name in one.opts)}
_TEST = Path(__file__).parents[2] / "cli" / "test_hints.py"


def trial() -> list[Row]:
    """Hints x commands: what is said is an option of the command, or says whose it is."""
    known = runpy.run_path(str(_TEST))
    options, told = known["OPTIONS"], known["TOLD"]
    row = Row("remedies", f"{len(told)} texts x {len(options)} commands")
    for path, own in options.items():
        for place, text in told:
            row.tried += 1
            said = remedy(text, cli, path.split())
            for option in known["_OPTION"].findall(text):
                there = option in own or any(option in others for others in options.values())
                if not there and option in said and option not in _ROOT:
                    row.miss("silently_wrong", f"{path}: {place}: {option}")
    return [row]
