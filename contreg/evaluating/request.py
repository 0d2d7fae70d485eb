"""What a person asks of ``contreg evaluate``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contreg_core.inference.prediction import PLAIN, Prediction

if TYPE_CHECKING:
    from contreg_core.cohort import Split
    from contreg_core.engine import Precision
    from contreg_core.inference.segment import Fusion


@dataclass(frozen=True)
class EvaluationRequest:
    """What is to be evaluated: a run folder or model file, a solver's recipe, or ``none``: no registration."""

    model: str
    data: str | None = None
    cache: Path | None = None
    protocol: str | None = None
    split: "Split" = "test"
    limit: int | None = None
    output: Path | None = None
    device: str = "auto"
    precision: "Precision" = "auto"
    settings: tuple[str, ...] = ()
    how: Prediction = PLAIN
    references: str | None = None
    fusion: "Fusion" = "majority"
    reuse: bool = False
    overwrite: bool = False

    @property
    def drawn(self) -> tuple[str, ...]:
        """What is drawn beside the scores, for names of folders and fingerprints."""
        return (f"samples {self.how.samples}",) if self.how.samples else ()
