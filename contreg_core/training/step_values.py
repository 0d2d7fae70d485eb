"""Values of finished steps: read when that costs nothing, averaged for the log, watched for what is not finite."""

import math
from collections.abc import Mapping

from contreg_core.training.finite import Watch
from contreg_core.training.loop import StepReport


class StepValues:
    """What the steps since the last line of the log gave; ``recent`` goes into checkpoints."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.unread: list[StepReport] = []
        self.recent: list[dict[str, float]] = []

    def add(self, report: StepReport, *, read: bool) -> bool:
        """A step more; where reading a value would wait for the device it is kept for later. False: see ``read``."""
        self.unread.append(report)
        return self.read() if read else True

    def read(self) -> bool:
        """Values of the steps that were not skipped; False once three in a row were not finite."""
        unread, self.unread = self.unread, []
        for report in unread:
            values = _values(report)
            if self.watch.see(report.step, values):
                self.recent.append(values)
            elif self.watch.over:
                return False
        return True

    def means(self) -> Mapping[str, float]:
        """Means since the last call, which forgets them; empty where every step was skipped."""
        rows, self.recent = self.recent, []
        return {name: math.fsum(row[name] for row in rows) / len(rows) for name in rows[-1]} if rows else {}


def _values(report: StepReport) -> dict[str, float]:
    terms = {name: float(value) for name, value in report.terms.items()}
    return {"loss": float(report.total), **terms, "gradient_norm": float(report.gradient_norm)}
