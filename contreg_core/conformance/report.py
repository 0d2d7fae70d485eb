"""What a check found: the laws that hold, those that do not, and those that could not be tried."""

from dataclasses import dataclass

from contreg_core.errors import UnavailableError


@dataclass(frozen=True)
class Finding:
    """A law that does not hold: what was found, and what the law expects."""

    law: str
    found: str
    expected: str


@dataclass(frozen=True)
class Report:
    """``left_out`` maps a law to why it was not tried."""

    subject: str
    held: tuple[str, ...]
    failed: tuple[Finding, ...]
    left_out: dict[str, str]

    @property
    def text(self) -> str:
        """For people: the first line counts, then two lines for every law that failed."""
        tried = len(self.held) + len(self.failed)
        if not self.failed:
            return f"{self.subject}: {tried} laws hold"
        findings = [f"  {f.law}\n    found: {f.found}\n    expected: {f.expected}" for f in self.failed]
        return "\n".join([f"{self.subject}: {len(self.failed)} of {tried} laws do not hold", *findings])

    def demand(self) -> "Report":
        """This report, or ``NonconformanceError`` where a law failed."""
        if self.failed:
            raise NonconformanceError(self)
        return self


class NonconformanceError(UnavailableError):
    """A component, recipe or cohort that breaks a law of its kind (exit 69); ``report`` has them all."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.text)
        self.report = report
