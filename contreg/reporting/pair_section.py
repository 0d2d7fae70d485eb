"""The example pair of a run: all that it takes, and the section that shows it or says what is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from contreg.reporting.choice import ScanPair, choose_pair, open_cache
from contreg.reporting.crop import shown
from contreg.reporting.example import Example, register_example
from contreg.reporting.markup import Html, note, section
from contreg.reporting.run_record import RunFacts
from contreg.reporting.viewer import viewer
from contreg_core.cache import CachedCohort
from contreg_core.engine import Engine
from contreg_core.errors import ContregError, MissingError
from contreg_core.inference.trained import TrainedModel, load_trained
from contreg_core.model import parameter_count

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

T = TypeVar("T")
_TITLE = "Example pair"


@dataclass(frozen=True)
class Material:
    """What could be had: the cache, the model, the pair; ``trouble`` says why the rest could not."""

    cohort: CachedCohort | None = None
    trained: TrainedModel | None = None
    scans: ScanPair | None = None
    trouble: ContregError | None = None

    @property
    def parameters(self) -> int | None:
        """Trainable values of the model."""
        return None if self.trained is None else parameter_count(self.trained.model)

    def example(self) -> Example:
        """The pair registered; raises what stood in the way."""
        if self.trained is None or self.cohort is None or self.scans is None:
            raise self.trouble or MissingError("there is no pair to show", "run contreg prepare")
        return register_example(self.trained.register, self.cohort, self.scans)


def gather(
    record: RunFacts, catalogue: "Catalogue", cache: Path | None, device: str, pair: tuple[str, str] | None
) -> Material:
    """Load the model and open the cache; a pair that was asked for and cannot be shown raises its error."""
    engine = Engine.choose(device, "float32")
    trained, no_model = _attempt(lambda: load_trained(record.run.path, catalogue, engine))
    cohort, no_cache = _attempt(lambda: open_cache(record, catalogue, cache))
    scans, no_pair = (None, None) if cohort is None else _attempt(lambda: choose_pair(record, cohort, pair))
    trouble = no_cache or no_model or no_pair
    if pair is not None and trouble is not None:
        raise trouble
    return Material(cohort, trained, scans, trouble)


def _attempt(make: Callable[[], T]) -> tuple[T, None] | tuple[None, ContregError]:
    try:
        return make(), None
    except ContregError as error:
        return None, error


def pair_section(material: Material) -> Html:
    """The viewer, or the sentence that says what is missing and the command that adds it."""
    example, trouble = _attempt(material.example)
    if example is None:
        reason = trouble.message if trouble else "there is no pair to show"
        return section(
            "pair", _TITLE, note(f"No pair can be shown: {reason}.", trouble.hint if trouble else "")
        )
    return section("pair", _TITLE, viewer(shown(example)))
