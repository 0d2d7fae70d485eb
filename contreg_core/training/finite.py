"""Steps whose gradient is not finite change no weight; three in a row end the run."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contreg_core.files import write_json
from contreg_core.training.feed import Feed

PATIENCE = 3


class Watch:
    """The steps skipped in a row until now, with their scans and values."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.skipped: list[dict[str, Any]] = []

    def see(self, step: int, values: Mapping[str, float]) -> bool:
        """Whether the finished step ``step`` was a good one, which ends the row."""
        if math.isfinite(values["gradient_norm"]):
            self.skipped = []
            return True
        self.skipped.append({"step": step, "scans": self.feed.names(step - 1), "values": _as_text(values)})
        return False

    @property
    def from_the_start(self) -> bool:
        """No step was good: the weights are as they were drawn, and no rate is to blame."""
        return bool(self.skipped) and self.skipped[0]["step"] == 1

    @property
    def over(self) -> bool:
        """Too many in a row."""
        return len(self.skipped) >= PATIENCE

    def describe(self, file: Path) -> str:
        """What was not finite and in which batches, written to ``file`` too."""
        write_json(file, self.skipped)
        blamed = [name for name, value in self.skipped[-1]["values"].items() if isinstance(value, str)]
        batches = "; ".join(", ".join(one["scans"]) for one in self.skipped)
        what = ", ".join(blamed).replace("_", " ")
        return f"not finite: {what}, in {len(self.skipped)} batches in a row ({batches}; {file.name})"


def _as_text(values: Mapping[str, float]) -> dict[str, float | str]:
    """JSON has no NaN."""
    return {name: value if math.isfinite(value) else json.dumps(value) for name, value in values.items()}
