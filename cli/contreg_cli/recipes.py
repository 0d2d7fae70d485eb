"""A recipe as the shell names it: a name of the catalogue or a file, then ``-s`` settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contreg_core.errors import DataError, MissingError

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.recipe import Recipe


def find_recipe(catalogue: "Catalogue", name: str, settings: Sequence[str] = ()) -> "Recipe":
    """The recipe, settings applied; raises ``MissingError`` for a file that is not there."""
    from contreg_core.recipe import load_recipe, override

    recipe = load_recipe(_text(Path(name))) if name.endswith(".toml") else catalogue.recipe(name)
    return override(recipe, settings, catalogue)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise MissingError(f"{path}: {error.strerror}", "name a recipe file that can be read") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text", "name a recipe file (.toml)") from error
