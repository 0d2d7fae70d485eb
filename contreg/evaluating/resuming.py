"""An evaluation that can be stopped: the scores of finished pairs are kept and taken up again."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import contreg_core
from contreg_core.errors import DataError
from contreg_core.plain_json import parse_json

if TYPE_CHECKING:
    from contreg.evaluating.evaluated_model import EvaluatedModel
    from contreg.evaluating.request import EvaluationRequest
    from contreg_core.cache import CachedScan
    from contreg_core.cohort import Protocol
    from contreg_core.evaluation import PairScore
    from contreg_core.fleet.shard import Shard

_SECONDS_BETWEEN_WRITES = 10.0


def fingerprint(subject: "EvaluatedModel", protocol: "Protocol", request: "EvaluationRequest") -> str:
    """A hash of all that decides a pair's scores; two evaluations with one fingerprint may share them.

    Of the data it has every scan's sum, since a cache that is prepared anew keeps its name.
    """
    cohort = subject.cohort
    scans = json.dumps(cohort.sums(scan.id for scan in cohort.scans), sort_keys=True)
    where = cohort.folder.name, request.split, repr(protocol), scans
    decisive = (contreg_core.__version__, subject.identity, *subject.prediction, *where, *request.drawn)
    return hashlib.sha256("\n".join(decisive).encode()).hexdigest()


class Scored:
    """The pairs of one evaluation that are scored already, in its folder: of a stopped one and of its other shards,
    with ``reuse`` also of a finished one.
    """

    def __init__(self, folder: Path, mark: str, *, reuse: bool, shard: "Shard | None" = None) -> None:
        self.folder, self.mark = folder, mark
        own = "" if shard is None else f".{shard.part}-of-{shard.parts}"
        self.part = folder / f"pairs.{mark[:12]}{own}.part.csv"
        self.scores: dict[tuple[str, str], PairScore] = {}
        self._read(finished=reuse)

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return pair in self.scores

    def has(self, pair: "tuple[CachedScan, CachedScan]") -> bool:
        """Whether the pair is scored."""
        return (pair[0].id, pair[1].id) in self.scores

    def of(self, pair: "tuple[CachedScan, CachedScan]") -> "PairScore":
        """Its scores."""
        return self.scores[pair[0].id, pair[1].id]

    def add(self, score: "PairScore") -> None:
        """A pair more."""
        self.scores[score.moving, score.fixed] = score

    def look_again(self) -> None:
        """Add what other shards have scored meanwhile; the last of them may have finished the evaluation."""
        self._read(finished=True)

    def _read(self, *, finished: bool) -> None:
        from contreg_core.evaluation import read_csv

        files = [self.folder / "pairs.csv"] * (finished and _mark_of(self.folder) == self.mark)
        for file in [*files, *self._parts()]:
            try:
                scores = read_csv(file)
            except DataError:
                if file.is_file():
                    raise
                continue  # removed just now by the shard that finished the evaluation
            for score in scores:
                self.add(score)

    def _parts(self) -> list[Path]:
        ours = re.compile(rf"pairs\.{self.mark[:12]}(\.\d+-of-\d+)?\.part\.csv")
        return sorted(path for path in self.folder.glob("pairs.*.part.csv") if ours.fullmatch(path.name))

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
        for part in self._parts():
            part.unlink(missing_ok=True)


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
        return str(parse_json((folder / "summary.json").read_text(encoding="utf-8"))["fingerprint"])
    return ""
