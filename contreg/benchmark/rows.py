"""A row of a table is data: a recipe's name, settings, and what the paper says of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from contreg_core.parameters import unknown

if TYPE_CHECKING:
    from contreg_core.inference.segment import Fusion

Kind: TypeAlias = Literal["none", "learned", "solver", "supervised"]
Figures: TypeAlias = Mapping[str, float]
"""Region -> Dice as printed; ``mean`` is the average over regions."""
REFINE_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """``paper`` are the paper's figures by cohort; ``known`` is a sentence on what is known of its setting.

    ``against`` is the row it is compared with (default: the table's main one). A row with ``refine`` steps has no run
    of its own: it takes that of the row ``run``; so does one whose ``references`` (a number or ``all``) vote by it.
    """

    name: str
    kind: Kind
    recipe: str = ""
    settings: tuple[str, ...] = ()
    refine: int = 0
    references: str = ""
    fusion: "Fusion" = "majority"
    run: str = ""
    against: str = ""
    paper: Mapping[str, Figures] = field(default_factory=dict)
    known: str = ""

    @property
    def trained(self) -> bool:
        """Whether it needs a run."""
        return self.kind in ("learned", "supervised")

    @property
    def slow(self) -> bool:
        """Whether every pair is optimised."""
        return self.kind == "solver" or self.refine > 0

    @property
    def folder(self) -> str:
        """Its name as that of a folder.

        >>> Row(name="contrastive-vae/paper +refine", kind="learned").folder
        'contrastive-vae-paper-+refine'
        """
        return re.sub(r"[^\w.+-]+", "-", self.name)


@dataclass(frozen=True)
class Table:
    """A table of the paper with our own rows; ``main`` is the row the others are compared with."""

    name: str
    title: str
    cohort: str
    main: str
    rows: tuple[Row, ...]

    def row(self, name: str) -> Row:
        """A row by its name."""
        return next(row for row in self.rows if row.name == name)

    def chosen(self, names: tuple[str, ...]) -> tuple[Row, ...]:
        """The rows of these names in the table's order, all without any; raises ``UsageError`` for a name it lacks."""
        known = [row.name for row in self.rows]
        for name in names:
            if name not in known:
                raise unknown(f"{self.name} has no row '{name}'", name, known, "rows")
        return tuple(row for row in self.rows if not names or row.name in names)


def fused(row: Row) -> Row:
    """The same model registers every training subject to an image, and they vote."""
    known = f"Segmentation by all training subjects, registered by {row.name}, weighted by local similarity"
    return _by_run_of(row, "multi-atlas", known, references="all", fusion="weighted")


def refined(row: Row) -> Row:
    """The same model, its prediction optimised for every pair."""
    known = f"{REFINE_STEPS} steps of optimisation from the prediction of {row.name}"
    return _by_run_of(row, "+refine", known, refine=REFINE_STEPS)


def _by_run_of(row: Row, suffix: str, known: str, **own: Any) -> Row:
    return Row(
        name=f"{row.name} {suffix}",
        kind=row.kind,
        recipe=row.recipe,
        settings=row.settings,
        run=row.name,
        known=f"{known}; not in the paper.",
        **own,
    )
