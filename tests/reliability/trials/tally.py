"""What a trial counts, and the table of all trials."""

from dataclasses import asdict, dataclass, field
from typing import Any

START, END = "<!-- table -->", "<!-- /table -->"
"""Where the table stands in the documentation."""


@dataclass
class Row:
    """One line of the table. ``broken`` says what broke a promise, for people who have to mend it."""

    trial: str
    of: str
    tried: int = 0
    lost: int = 0
    silently_wrong: int = 0
    tracebacks: int = 0
    broken: list[str] = field(default_factory=list)

    def miss(self, kind: str, what: str) -> None:
        """Count a broken promise: ``lost``, ``silently_wrong`` or ``tracebacks``."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.broken.append(what)

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        return self.tried > 0 and not (self.lost or self.silently_wrong or self.tracebacks)


def record(rows: list[Row]) -> list[dict[str, Any]]:
    """For a file."""
    return [asdict(row) for row in rows]


def table(rows: list[dict[str, Any]]) -> str:
    """For a page."""
    lines = ["| tried | on | times | lost | silently wrong | tracebacks |", "|---|---|---:|---:|---:|---:|"]
    for row in rows:
        counts = (row[name] for name in ("tried", "lost", "silently_wrong", "tracebacks"))
        lines.append(f"| {row['trial']} | {row['of']} | {' | '.join(f'{count:,}' for count in counts)} |")
    return "\n".join(lines) + "\n"
