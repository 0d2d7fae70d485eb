"""What is fuzzed: a reader for bytes of any kind. It returns, or raises a ``ContregError``; anything else is a bug."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from contreg_adapters.label_table import read_table
from contreg_core.cache import CachedCohort, read_subject
from contreg_core.checkpoint import read_checkpoint
from contreg_core.errors import ContregError
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import load_recipe, resolve
from contreg_core.transform import read_field
from contreg_core.volume import read_volume

CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Target:
    """A reader and the name its files have."""

    read: Callable[[Path], object]
    file: str

    def __call__(self, folder: Path, data: bytes) -> None:
        """Read ``data`` as a file in ``folder``; raises only what no user may see."""
        path = folder / self.file
        path.write_bytes(data)
        with suppress(ContregError):
            self.read(path)


def _image(path: Path) -> object:
    return read_volume(path, kind="image"), read_volume(path, kind="labels")


def _recipe(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError:
        return None
    return resolve(load_recipe(text), load_catalogue(plugins=False))


TARGETS = {
    "image": Target(_image, "image.nii"),
    "zipped-image": Target(_image, "image.nii.gz"),
    "label-table": Target(read_table, "labels.tsv"),
    "field": Target(read_field, "field.nii"),
    "cache": Target(read_subject, "subject.h5"),
    "cohort": Target(lambda path: CachedCohort.open(path.parent), "cohort.json"),
    "checkpoint": Target(read_checkpoint, "last.safetensors"),
    "recipe": Target(_recipe, "recipe.toml"),
}


def seeds(name: str) -> dict[str, bytes]:
    """The kept files of a target."""
    return {path.name: path.read_bytes() for path in sorted((CORPUS / name).iterdir())}
