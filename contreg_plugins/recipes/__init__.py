"""The recipes that ship with contreg: every ``*.toml`` file beside this one."""

from importlib.resources import files


def texts() -> list[str]:
    """The TOML text of each recipe, in order of the file names."""
    found = [entry for entry in files(__name__).iterdir() if entry.name.endswith(".toml")]
    return [entry.read_text(encoding="utf-8") for entry in sorted(found, key=lambda entry: entry.name)]
