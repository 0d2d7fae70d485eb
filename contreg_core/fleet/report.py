"""How the work on one item ended."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from contreg_core.errors import ContregError

V = TypeVar("V")


@dataclass(frozen=True)
class ItemReport(Generic[V]):
    """``kept`` was done before; ``value`` is what the work gives where it was done now, ``failure`` why it was not."""

    id: str
    outcome: Literal["done", "kept", "failed"]
    value: V | None = None
    failure: ContregError | None = None
