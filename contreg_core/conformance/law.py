"""A law: a function that tries it on a case; its docstring is what is expected, its name the law's."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from contreg_core.conformance.report import Finding, Report
from contreg_core.house import put_back
from contreg_core.late import LateError

C = TypeVar("C")
Check: TypeAlias = Callable[[C], None]


class BrokenError(Exception):
    """Raised by a law that does not hold; the text is what was found."""


class LeftOutError(Exception):
    """Raised by a law that says nothing about this case; the text is why."""


@dataclass(frozen=True)
class Law(Generic[C]):
    """``decisive``: where it fails, nothing else is tried."""

    check: Check[C]
    decisive: bool = False

    @property
    def name(self) -> str:
        """As reports print it."""
        return name_of(self.check)

    @property
    def statement(self) -> str:
        """What is expected, in one sentence."""
        return " ".join((inspect.getdoc(self.check) or "").split()).rstrip(".")


def name_of(check: Callable[..., object]) -> str:
    """``zero_stays_zero`` -> ``zero-stays-zero``."""
    return check.__name__.replace("_", "-")


def laws(*checks: Check[C], decisive: bool = False) -> list[Law[C]]:
    """Functions as laws."""
    return [Law(check, decisive) for check in checks]


def demand(holds: object, found: str) -> None:
    """Raise ``BrokenError`` unless it holds."""
    if not holds:
        raise BrokenError(found)


def try_laws(subject: str, tried: Iterable[Law[C]], case: C) -> Report:
    """Try every law; whatever a component raises is a finding, never the end.

    Where the time of ``late.within`` is over, the law that took it fails and the others are left out.
    """
    held: list[str] = []
    failed: list[Finding] = []
    left_out: dict[str, str] = {}
    stopped, over = "", False
    for law in tried:
        try:
            outcome = stopped or _outcome(law, case)
        except LateError as late:
            outcome, over = Finding(law.name, str(late), law.statement), True
        if outcome is None:
            held.append(law.name)
        elif isinstance(outcome, Finding):
            failed.append(outcome)
            stopped = f"'{law.name}' failed" if law.decisive or over else ""
        else:
            left_out[law.name] = outcome
    return Report(subject, tuple(held), tuple(failed), left_out)


def _outcome(law: Law[C], case: C) -> Finding | str | None:
    import torch

    try:
        with put_back(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            law.check(case)
    except LeftOutError as reason:
        return str(reason)
    except BrokenError as broken:
        return Finding(law.name, str(broken), law.statement)
    except (Exception, SystemExit) as error:
        return Finding(law.name, described(error), law.statement)
    return None


def described(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def listing(things: Iterable[object]) -> str:
    """Words in order, or "nothing"."""
    return ", ".join(sorted(map(str, things))) or "nothing"


def compared_facts(declared: Iterable[str], seen: Mapping[str, bool]) -> None:
    """Raise where a fact is declared and not seen, or seen and not declared."""
    for fact, present in seen.items():
        demand(present or fact not in declared, f"declares '{fact}' and does not give it")
        demand(not present or fact in declared, f"gives '{fact}' and does not declare it")
