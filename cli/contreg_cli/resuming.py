"""An evaluation that can be stopped: the scores of finished pairs are kept and taken up again."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import contreg_core

if TYPE_CHECKING:
    from contreg_cli.evaluating import Request, Subject
    from contreg_core.cohort import Protocol
    from contreg_core.evaluation import PairScore

_SECONDS_BETWEEN_WRITES = 10.0


def fingerprint(subject: "Subject", protocol: "Protocol", request: "Request") -> str:
    """A hash of all that decides a pair's scores; two evaluations with one fingerprint may share them."""
    where = subject.cohort.folder.name, request.split, repr(protocol)
    decisive = (contreg_core.__version__, subject.identity, *subject.prediction, *where)
    return hashlib.sha256("\n".join(decisive).encode()).hexdigest()


class Scored:
    """The pairs of one evaluation that are scored already, in its folder: of a stopped one, with ``reuse`` also of a
    finished one.
    """

    def __init__(self, folder: Path, mark: str, *, reuse: bool) -> None:
        from contreg_core.evaluation import read_csv

        self.part = folder / f"pairs.{mark[:12]}.part.csv"
        self.scores: dict[tuple[str, str], PairScore] = {}
        files = [folder / "pairs.csv"] * (reuse and _mark_of(folder) == mark) + [self.part]
        for file in files:
            for score in read_csv(file) if file.is_file() else ():
                self.add(score)

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return pair in self.scores

    def __getitem__(self, pair: tuple[str, str]) -> "PairScore":
        return self.scores[pair]

    def add(self, score: "PairScore") -> None:
        """A pair more."""
        self.scores[score.moving, score.fixed] = score

    @contextmanager
    def kept(self) -> "Iterator[Keeper]":
        """Write what is added now and then, and at the end whatever the end is."""
        keeper = Keeper(self)
        try:
            yield keeper
        finally:
            keeper.write()

    def close(self) -> None:
        """The evaluation is written as a whole; what was kept on the way may go."""
        self.part.unlink(missing_ok=True)


class Keeper:
    """Adds scores and writes them every few seconds."""

    def __init__(self, scored: Scored) -> None:
        self.scored, self.written, self.known = scored, time.monotonic(), len(scored.scores)

    def add(self, score: "PairScore") -> None:
        """A pair more."""
        self.scored.add(score)
        if time.monotonic() - self.written > _SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self) -> None:
        """All pairs so far, if any is new."""
        from contreg_core.evaluation import write_csv

        if len(self.scored.scores) > self.known:
            write_csv(self.scored.part, list(self.scored.scores.values()))
        self.written, self.known = time.monotonic(), len(self.scored.scores)


def _mark_of(folder: Path) -> str:
    """The fingerprint of the finished evaluation in a folder; empty where there is none that can be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((folder / "summary.json").read_text(encoding="utf-8"))["fingerprint"])
    return ""
