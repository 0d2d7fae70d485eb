"""What a person asks of a model that is run, in plain values: any process can make it ready."""

import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import contreg_core
from contreg.fleet import Fleet
from contreg.front import Front, front, using
from contreg_core.inference.prediction import Prediction

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.engine import Precision
    from contreg_core.inference.registrar import Registrar
    from contreg_core.inference.segmenter import TrainedSegmenter


@dataclass(frozen=True)
class InferenceRequest:
    """Which model, where its outputs go, ``how`` it predicts.

    ``call`` tells this call from every other, for what is made ready once.
    """

    model: str
    output: Path
    device: str
    precision: "Precision"
    seed: int
    how: Prediction
    front: Front = field(default_factory=lambda: front().silent())
    arguments: tuple[str, ...] = field(default_factory=lambda: tuple(sys.argv[1:]))
    call: str = field(default_factory=secrets.token_hex)

    @classmethod
    def of(
        cls,
        fleet: Fleet,
        model: str,
        output: Path,
        device: str,
        precision: "Precision",
        seed: int,
        how: Prediction,
    ) -> "InferenceRequest":
        """Paths as the workers find them."""
        place = str(fleet.place(Path(model))) if Path(model).exists() else model
        return cls(place, fleet.place(output), device, precision, seed, how)

    def ready(self) -> "tuple[Catalogue, Registrar | TrainedSegmenter, dict[str, Any]]":
        """(catalogue, model, what every sidecar tells of this run), in whatever process.

        Fails first where nothing can be written.
        """
        from contreg.models import load_model
        from contreg.plugins import load_catalogue, plugin_versions
        from contreg_core.engine import Engine
        from contreg_core.files import probe
        from contreg_core.inference.outputs import about_model
        from contreg_core.provenance import provenance
        from contreg_core.training.seeds import seed_torch

        probe(self.output)
        with using(self.front):
            catalogue = load_catalogue()
            engine = Engine.choose(self.device, self.precision)
            found = load_model(self.model, catalogue, engine, (), self.how)
            seed_torch("inference", self.seed)
            told = provenance(engine.describe(), plugin_versions(), self.arguments)
        return catalogue, found, {"model": about_model(found), "seed": self.seed, "provenance": told}

    def seed_all(self) -> None:
        """Before every item, so that no item depends on those before it."""
        from contreg_core.training.seeds import seed_torch

        seed_torch("inference", self.seed)

    def identity(self, model: "Registrar | TrainedSegmenter") -> list[Any]:
        """All of the model that decides an answer, for a key."""
        from contreg_core.engine import Engine
        from contreg_core.recipe import dump_recipe

        engine = Engine.choose(self.device, self.precision)
        what = str(model.record.get("sha256") or dump_recipe(model.recipe))
        place = engine.device.type, engine.bfloat16
        return [contreg_core.__version__, what, list(model.prediction.words), *place, self.seed]
