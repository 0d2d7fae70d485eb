"""``contreg plugins new``: a whole package of a plugin, from templates."""

import re
from importlib.resources import files
from pathlib import Path

from contreg_core.errors import OutputError, UsageError
from contreg_core.files import probe, write_text
from contreg_core.parameters import NAME

KINDS = ("loss", "encoder", "decoder", "warper", "solver", "segmenter", "cohort", "model")
_FILES = {
    "pyproject.toml": "pyproject.txt",
    "README.md": "readme.txt",
    ".github/workflows/test.yml": "ci.txt",
    ".gitignore": "gitignore.txt",
}
_USE = {
    "loss": "contreg fit --model voxelmorph --data synthetic -s loss.@NAME@.weight=1",
    "encoder": "contreg show @NAME@",
    "decoder": "contreg show @NAME@",
    "warper": "contreg fit --model voxelmorph --data synthetic -s warper=@NAME@",
    "solver": "contreg register MOVING.nii.gz FIXED.nii.gz --model @NAME@ -o out",
    "segmenter": "contreg fit --model @NAME@ --data synthetic",
    "cohort": "contreg prepare --data @NAME@ --source DIR",
    "model": "contreg fit --model @NAME@ --data synthetic",
}


def write_package(name: str, kind: str, parent: Path) -> list[Path]:
    """Write the package ``contreg-NAME`` into a new folder of ``parent``; gives the files.

    Raises ``UsageError`` for a name that cannot name a component, ``OutputError`` where something is there already.
    """
    short = name.removeprefix("contreg-")
    if not re.fullmatch(NAME, short) or not re.search("[a-z]", short):
        raise UsageError(
            f"'{name}' cannot name a plugin", "use lower-case letters, digits and -, as in my-loss"
        )
    folder = parent / f"contreg-{short}"
    if folder.exists():
        raise OutputError(
            f"{folder}: there already, and nothing is overwritten", "choose another name or folder"
        )
    probe(parent)
    module = f"contreg_{short.replace('-', '_')}"
    tests = f"test_{'cohort' if kind == 'cohort' else 'plugin'}.txt"
    sources = {**_FILES, f"{module}.py": f"{kind}.txt", f"tests/test_{module}.py": tests}
    words = _words(short, kind, module)
    for target, template in sources.items():
        write_text(folder / target, _filled(_template(template), words))
    return [folder / target for target in sources]


def _words(short: str, kind: str, module: str) -> dict[str, str]:
    import contreg_core

    parts = re.split("[-_]", short)
    cls = "".join(part.capitalize() for part in parts)
    return {
        "@USE@": _USE[kind],
        "@NAME@": short,
        "@KIND@": kind,
        "@MODULE@": module,
        "@CLASS@": cls if cls[0].isalpha() else f"The{cls}",
        "@VERSION@": contreg_core.__version__,
    }


def _filled(text: str, words: dict[str, str]) -> str:
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    return text


def _template(name: str) -> str:
    return files("contreg_cli.scaffold").joinpath("templates", name).read_text(encoding="utf-8")
