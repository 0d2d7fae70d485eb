"""A recipe as the shell names it: a name of the catalogue, a file or a run, then ``-s`` settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contreg_core.errors import DataError, MissingError

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.recipe import Recipe

DEFAULT_MODEL = "contrastive-vae"
"""What is meant where no model is named."""


def find_recipe(catalogue: "Catalogue", name: str, settings: Sequence[str] = ()) -> "Recipe":
    """The recipe, settings applied; that of a run folder or a model file is the one it was trained by.

    A folder that is called as a recipe is meant by ``./name``. Raises ``MissingError`` for a file that is not there.
    """
    from contreg_core.recipe import load_recipe, override

    text = None if is_recipe(name, catalogue) else _written(Path(name))
    return override(catalogue.recipe(name) if text is None else load_recipe(text), settings, catalogue)


def is_recipe(name: str, catalogue: "Catalogue") -> bool:
    """Whether a name means a recipe of the catalogue, whatever folder is called so."""
    return ("recipe", name) in catalogue.owners


def _written(path: Path) -> str | None:
    """The TOML in a recipe file, a run folder or a model file; None for what is only a name."""
    from contreg_core.checkpoint import read_checkpoint
    from contreg_core.inference.export import SUFFIX
    from contreg_core.inference.trained import recipe_text
    from contreg_core.training.run_folder import RunFolder

    if path.suffix == ".toml":
        return _text(path)
    if path.suffix == SUFFIX:
        return recipe_text(path, read_checkpoint(path))
    return RunFolder(path).read_recipe() or None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise MissingError(f"{path}: {error.strerror}", "name a recipe file that can be read") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text", "name a recipe file (.toml)") from error
