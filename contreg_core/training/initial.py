"""Where a training starts: from the weights of another one (fine-tuning, transfer to another cohort)."""

from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote

from contreg_core.checkpoint import Checkpoint, load_module, read_checkpoint
from contreg_core.errors import MismatchError
from contreg_core.inference.trained import recipe_text
from contreg_core.model import Learner
from contreg_core.recipe import Recipe, load_recipe
from contreg_core.training.run_folder import model_file


@dataclass(frozen=True)
class Initial:
    """The weights that a run or a model file would be used with; ``path`` is what messages call it."""

    path: Path
    checkpoint: Checkpoint

    @classmethod
    def read(cls, path: Path) -> "Initial":
        """Of a run folder or a model file; raises ``MissingError``, ``DataError`` or ``MismatchError``."""
        return cls(path, read_checkpoint(model_file(path)))

    @property
    def sha256(self) -> str:
        """Tells these weights from all others."""
        return str(self.checkpoint.record["sha256"])

    def fill(self, model: Learner) -> None:
        """Give a model these weights; what was learned beside them (queues, moments) begins anew.

        Raises ``MismatchError`` where the networks differ.
        """
        try:
            load_module(model, self.checkpoint.weights, "network")
        except MismatchError as error:
            raise MismatchError(
                f"{self.path}: {error.message}",
                f"train the same network: --model {quote(str(self.path))},"
                f" or its settings (contreg show {quote(str(self.path))})",
                code=error.code,
            ) from error

    def unlike(self, recipe: Recipe) -> str:
        """How its images were prepared otherwise, in words; empty where they were not."""
        before = load_recipe(recipe_text(self.path, self.checkpoint)).preprocessing
        own, now = asdict(before), asdict(recipe.preprocessing)
        apart = [f"{name} = {own[name]}, now {now[name]}" for name in own if own[name] != now[name]]
        return f"{self.path}: its images were prepared otherwise ({'; '.join(apart)})" if apart else ""
