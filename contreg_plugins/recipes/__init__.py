"""The recipes that ship with contreg: every ``*.toml`` file beside this one; with its weights where these are too."""

from importlib.resources import files
from pathlib import Path


def texts() -> list[str]:
    """The TOML text of each recipe, in order of the file names."""
    found = [entry for entry in files(__name__).iterdir() if entry.name.endswith(".toml")]
    return [entry.read_text(encoding="utf-8") for entry in sorted(found, key=lambda entry: entry.name)]


def weights() -> dict[str, Path]:
    """The model file of every recipe that ships trained."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.safetensors"))}
