"""What a form of recipe is trained on, validated by and built as: the part of a session that differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from contreg_core.cache import CachedCohort, CachedScan
from contreg_core.classes import classes_of
from contreg_core.engine import Engine
from contreg_core.errors import UsageError
from contreg_core.model import Learner
from contreg_core.objective import Objective
from contreg_core.recipe import Recipe, build, build_segmenter
from contreg_core.training.feed import Feed, PairFeed
from contreg_core.training.labelled_feed import LabelledFeed
from contreg_core.training.labelled_validation import LabelledValidator
from contreg_core.training.loop import TrainingState
from contreg_core.training.rendered_feed import RenderedFeed
from contreg_core.training.validation import Validation, Validator

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

Scans: TypeAlias = Sequence[CachedScan]


@dataclass(frozen=True)
class Course:
    """``build(catalogue, ndim)`` gives a new model and objective; ``record`` is what the checkpoint must tell of it."""

    feed: Feed
    validator: Callable[[TrainingState], Validation | None]
    build: "Callable[[Catalogue, int], tuple[Learner, Objective]]"
    record: Mapping[str, Any] = field(default_factory=dict)


def course(
    recipe: Recipe, cohort: CachedCohort, training: Scans, validation: Scans, engine: Engine
) -> Course:
    """The course of a resolved recipe: over pairs, or over labelled images where it is supervised."""
    if recipe.form == "supervised":
        return _labelled(recipe, cohort, training, validation, engine)
    if recipe.rendering.labels:
        return Course(
            RenderedFeed(cohort, training, recipe.training, recipe.rendering, engine),
            lambda state: None,
            lambda catalogue, ndim: build(recipe, catalogue, ndim=ndim),
        )
    return Course(
        PairFeed(cohort, training, recipe.training, recipe.augmentation, engine),
        Validator(cohort, validation, engine),
        lambda catalogue, ndim: build(recipe, catalogue, ndim=ndim),
    )


def _labelled(
    recipe: Recipe, cohort: CachedCohort, training: Scans, validation: Scans, engine: Engine
) -> Course:
    for name, given in (("coarse", recipe.training.coarse), ("foreground", recipe.training.foreground)):
        if given:
            raise UsageError(
                f"training.{name} is for recipes that register, not for supervised ones", "leave it out"
            )
    classes = classes_of(cohort.protocol(), cohort.labels, recipe.training.classes)
    return Course(
        LabelledFeed(cohort, training, classes, recipe.training, recipe.augmentation, engine),
        LabelledValidator(cohort, validation, classes, engine),
        lambda catalogue, ndim: build_segmenter(recipe, catalogue, len(classes) + 1, ndim=ndim),
        {"classes": [{**asdict(one), "labels": list(one.labels)} for one in classes]},
    )
