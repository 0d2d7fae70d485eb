"""What one call of ``contreg benchmark`` is to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.benchmark.rows import Row, Table

if TYPE_CHECKING:
    from contreg_core.engine import Precision


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """``seconds`` is the training time of every learned row, 0 for the recipe's own scheme; ``settings`` change all
    recipes. ``limit`` pairs are scored of every row, ``solver_limit`` of one that optimises each pair. Rows whose model
    has a variance draw ``samples`` of every pair.
    """

    table: Table
    rows: tuple[Row, ...]
    data: str
    folder: Path
    cache: Path | None = None
    seconds: float = 0.0
    limit: int | None = None
    solver_limit: int | None = None
    samples: int = 0
    device: str = "auto"
    precision: "Precision" = "auto"
    seed: int = 0
    settings: tuple[str, ...] = ()

    def run(self, row: Row) -> Path:
        """The run folder of a learned row."""
        return self.folder / "runs" / (self.table.row(row.run) if row.run else row).folder

    def evaluation(self, row: Row) -> Path:
        """Where its scores go."""
        return self.folder / "evaluation" / row.folder

    def settings_of(self, row: Row) -> tuple[str, ...]:
        """All that changes its recipe."""
        return (*row.settings, *self.settings, f"training.seed={self.seed}")

    def limit_of(self, row: Row) -> int | None:
        """How many pairs are scored; None for all."""
        limits = [limit for limit in (self.limit, self.solver_limit if row.slow else None) if limit]
        return min(limits, default=None)
