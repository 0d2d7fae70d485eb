"""An evaluation read back from its folder, with the scores of every pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from contreg_core.errors import DataError, MissingError, UsageError
from contreg_core.plain_json import parse_json

if TYPE_CHECKING:
    from contreg_core.evaluation import PairScore

Summary = Mapping[str, Any]
_NEEDED = ("model", "data", "cache", "split", "protocol", "headline", "dice", "regions", "labels")


@dataclass(frozen=True)
class ScoredModel:
    """``summary`` is that of ``summary.json``; ``scores`` are the pairs it counts, by name in ``pairs``.

    ``scans`` are the sums of the scans' voxels by id, ``sources`` those of the files that each was made from by name;
    both empty where that was not kept.
    """

    name: str
    folder: Path
    summary: Summary
    scores: "tuple[PairScore, ...]"
    scans: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """``fused`` or ``labelmean``."""
        return str(self.summary["headline"])

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(moving, fixed) of every pair that counts."""
        return frozenset((score.moving, score.fixed) for score in self.scores)

    @property
    def files(self) -> list[Path]:
        """All that it was read from."""
        return [self.folder / name for name in ("summary.json", "pairs.csv", "run.json")]

    def only(self, pairs: Sequence[tuple[str, str]]) -> "ScoredModel":
        """The same model on some of its pairs, summarised anew."""
        from contreg_core.evaluation import summarise

        wanted = set(pairs)
        if wanted == self.pairs:
            return self
        scores = tuple(score for score in self.scores if (score.moving, score.fixed) in wanted)
        return replace(
            self, summary={**self.summary, **summarise(scores, _protocol(self.summary))}, scores=scores
        )


def read_scored(path: Path) -> ScoredModel:
    """The evaluation of a run folder that has one, or an evaluation folder; raises ``MissingError``, ``DataError``."""
    from contreg_core.evaluation import read_csv

    folder = _evaluation(path)
    summary = _summary(folder / "summary.json")
    counted = bool(summary.get("identity_pairs"))
    scores = tuple(score for score in read_csv(folder / "pairs.csv") if counted or not score.identity)
    told = _told(folder / "run.json")
    return ScoredModel(
        str(summary["model"]), folder, summary, scores, told.get("scans", {}), told.get("sources", {})
    )


def _evaluation(path: Path) -> Path:
    if (path / "summary.json").is_file():
        return path
    found = sorted(file.parent for file in path.glob("evaluation/*/summary.json"))
    if not found:
        raise MissingError(
            f"{path}: no evaluation in this folder", f"run contreg evaluate {quote(str(path))}"
        )
    if len(found) > 1:
        names = ", ".join(folder.name for folder in found)
        raise UsageError(f"{path}: holds {len(found)} evaluations ({names})", f"name one, e.g. {found[0]}")
    return found[0]


def _summary(path: Path) -> Summary:
    try:
        summary = parse_json(path.read_text(encoding="utf-8"))
        missing = [key for key in _NEEDED if key not in summary]
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", "run contreg evaluate again") from error
    if missing:
        raise DataError(f"{path}: has no {', '.join(missing)}", "run contreg evaluate again")
    return dict(summary)


def _told(path: Path) -> Mapping[str, Any]:
    """Where the scores come from; nothing where that is not kept or cannot be read, since no figure is in it."""
    try:
        record = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _protocol(summary: Summary) -> Any:
    """As much of the protocol as a summary of scores needs."""
    from contreg_core.cohort import Protocol

    return Protocol(
        str(summary["protocol"]),
        labels=tuple(int(label) for label in summary["labels"]),
        regions={str(name): () for name in summary["regions"]},
        identity_pairs=bool(summary.get("identity_pairs")),
        headline=summary["headline"],
    )
