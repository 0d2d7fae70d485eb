"""Coverage-guided fuzzing of the readers (the extra ``fuzz``: atheris; Linux).

    python tests/fuzz/fuzz.py                     every target for a minute
    python tests/fuzz/fuzz.py --minutes 10 image  one of them for ten

An input that raises anything but a ``ContregError``, takes over 10 s or over 2 GiB is written beside the seeds, where
``test_corpus.py`` finds it from then on. Exit 1 where there is one.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

SECONDS_AN_INPUT, MEBIBYTES, LONGEST = 10, 2048, 1 << 16
CORPUS = Path(__file__).with_name("corpus")


def main() -> None:
    """Every target in a process of its own: libFuzzer ends the one it runs in."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", help=", ".join(sorted(path.name for path in CORPUS.iterdir())))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--inside", nargs=2, metavar=("TARGET", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        fuzz(*options.inside, seconds=round(60 * options.minutes))
        return
    names = options.targets or sorted(path.name for path in CORPUS.iterdir())
    broken = [name for name in names if _apart(name, options.minutes)]
    sys.exit(bool(broken))


def fuzz(name: str, folder: str, *, seconds: int) -> None:
    """Fuzz one target in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["contreg_core", "contreg_adapters"]):
        from targets import TARGETS

    target, place = TARGETS[name], Path(folder)
    limits = [f"-max_total_time={seconds}", f"-timeout={SECONDS_AN_INPUT}", f"-rss_limit_mb={MEBIBYTES}"]
    found = [f"-artifact_prefix={CORPUS / name}/found-", f"-max_len={LONGEST}", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *found, str(place / "corpus")], lambda data: target(place, data))
    atheris.Fuzz()


def _apart(name: str, minutes: float) -> bool:
    """Whether the target broke."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(CORPUS / name, Path(folder) / "corpus")
        command = [sys.executable, __file__, "--minutes", str(minutes), "--inside", name, folder]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace")
    runs = [line.split()[-1] for line in ended.stderr.splitlines() if "number_of_executed_units" in line]
    print(
        f"{name}: {' '.join(runs) or '?'} inputs, {'BROKEN' if ended.returncode else 'none broke it'}",
        flush=True,
    )
    if ended.returncode:
        print(ended.stderr[-3000:], file=sys.stderr, flush=True)
    return bool(ended.returncode)


if __name__ == "__main__":
    main()
