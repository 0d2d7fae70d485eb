"""A model made ready to be used from Python: a run, a model file, or a recipe that needs no training."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from contreg.models import load_model
from contreg.plugins import load_catalogue
from contreg.wording import speaks_python

if TYPE_CHECKING:
    from contreg.images import ImageLike
    from contreg.registration import RegistrationResult
    from contreg.segmentation import SegmentationResult
    from contreg_core.catalogue import Catalogue
    from contreg_core.engine import Engine, Precision
    from contreg_core.inference.registrar import Registrar
    from contreg_core.inference.segmenter import TrainedSegmenter
    from contreg_core.recipe import Recipe

Settings: TypeAlias = Mapping[str, Any] | Sequence[str]
"""Changes of a recipe: ``{"loss.lncc.window": 7}`` or ``["loss.lncc.window=7"]``; later ones win."""
UNTRAINED_MODEL = "svf-adam"
"""What registers where no model is named."""


@dataclass(frozen=True)
class LoadedModel:
    """What ``load`` gives. ``model`` is the core's own: ``model.register(moving, fixed)`` on preprocessed arrays."""

    name: str
    model: "Registrar | TrainedSegmenter"
    catalogue: "Catalogue"
    engine: "Engine"

    @property
    def recipe(self) -> "Recipe":
        """The recipe it was made or trained by."""
        return self.model.recipe

    def register(self, moving: "ImageLike", fixed: "ImageLike", **options: Any) -> "RegistrationResult":
        """``contreg.register`` with this model."""
        from contreg.registration import register

        return register(moving, fixed, model=self, **options)

    def segment(self, image: "ImageLike", **options: Any) -> "SegmentationResult":
        """``contreg.segment`` with this model."""
        from contreg.segmentation import segment

        return segment(image, model=self, **options)


@speaks_python
def load(
    name: "str | os.PathLike[str]",
    *,
    settings: Settings = (),
    symmetric: bool = False,
    refine: int = 0,
    device: str = "auto",
    precision: "Precision" = "auto",
) -> LoadedModel:
    """The model of a run folder, a file of ``contreg export``, or a recipe that needs no training.

    ``settings`` change a recipe, and only that; ``symmetric`` averages both directions, ``refine`` improves every
    prediction by so many steps of descent. Raises ``MissingError`` for what is neither a path nor a recipe,
    ``UsageError`` for a recipe that must be trained.
    """
    from contreg_core.engine import Engine
    from contreg_core.inference.prediction import Prediction

    catalogue = load_catalogue()
    engine = Engine.choose(device, precision)
    how = Prediction(symmetric=symmetric, refine=refine)
    found = load_model(os.fspath(name), catalogue, engine, as_settings(settings), how)
    return LoadedModel(os.fspath(name), found, catalogue, engine)


def ready(
    model: "str | os.PathLike[str] | LoadedModel",
    settings: Settings,
    symmetric: bool,
    refine: int,
    device: str,
    precision: "Precision",
) -> LoadedModel:
    """``model`` where it is loaded already and nothing else is asked of it, else ``load``'s."""
    from contreg_core.errors import UsageError

    if not isinstance(model, LoadedModel):
        return load(
            model, settings=settings, symmetric=symmetric, refine=refine, device=device, precision=precision
        )
    asked = {"settings": bool(settings), "symmetric": symmetric, "refine": bool(refine)}
    if wrong := [name for name, given in asked.items() if given]:
        raise UsageError(
            f"{wrong[0]} is given beside a model that is loaded already",
            f"give it to load: contreg.load(name, {wrong[0]}=...)",
        )
    return model


def as_settings(settings: Settings) -> tuple[str, ...]:
    """As the shell writes them.

    >>> as_settings({"loss.lncc.window": 7, "encoder.features": (8, 16), "decoder.half": True})
    ('loss.lncc.window=7', 'encoder.features=8,16', 'decoder.half=true')
    """
    if isinstance(settings, Mapping):
        return tuple(f"{path}={_text(value)}" for path, value in settings.items())
    return tuple(settings)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
