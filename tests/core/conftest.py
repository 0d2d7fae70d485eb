"""A toy cohort of small files on disk, its cache, and tiny recipes: shared by the tests of the core."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from contreg_core.cache import CachedCohort
from contreg_core.catalogue import Catalogue
from contreg_core.cohort import Cohort, Label, LoadedScan, Protocol, Scan
from contreg_core.engine import Engine
from contreg_core.errors import DataError
from contreg_core.plugins import load_catalogue
from contreg_core.prepare import Preparation, prepare
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.recipe import Recipe, override
from contreg_core.volume import Volume

SPACE = (8, 12, 8)
SPEC = Preprocessing(spacing=0.0)


class Toy(Cohort):
    """``NAME.npy`` files of shape (2, 8, 12, 8): an image and its labels 1 and 2, the brain empty around it."""

    name: ClassVar[str] = "toy"
    summary: ClassVar[str] = "two blobs"
    default_protocol: ClassVar[str] = "toy/contreg"

    def scans(self) -> Sequence[Scan]:
        """``a`` .. ``e`` for training, the rest for testing."""
        assert self.source is not None
        paths = sorted(self.source.glob("*.npy"))
        return [
            Scan(p.stem, p.stem, "train" if p.stem < "f" else "test", p, metadata={"k": "v"}) for p in paths
        ]

    def load(self, scan: Scan) -> LoadedScan:
        """One file; anything but such an array is a ``DataError``."""
        assert scan.image is not None
        try:
            image, labels = np.load(scan.image, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise DataError(f"{scan.image}: {error}", "restore it") from error
        affine = np.diag([2.0, 2.0, 2.0, 1.0])
        return LoadedScan(
            Volume(image.astype(np.float32), affine), Volume(labels.astype(np.int16), affine), labels > 0
        )

    def label_table(self) -> Sequence[Label]:
        """Two labels."""
        return [Label(1, "outer", "M"), Label(2, "inner", "M")]

    def protocols(self) -> Sequence[Protocol]:
        """Each label a region."""
        return [Protocol("toy/contreg", (1, 2), {"outer": (1,), "inner": (2,)})]


def write_toy(folder: Path, names: str = "abcdefg") -> Path:
    """Write one file per letter: ellipsoids moved and textured by the letter."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        np.save(folder / f"{name}.npy", _subject(ord(name)))
    return folder


def _subject(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in SPACE), indexing="ij"))
    offset = grid - rng.uniform(-1, 1, size=(3, 1, 1, 1))
    radius = np.sqrt(((offset / (np.array(SPACE).reshape(3, 1, 1, 1) / 2)) ** 2).sum(0))
    labels = (radius < 0.8).astype(np.float64) + (radius < 0.45)
    return np.stack((labels * 40 + (labels > 0) * rng.uniform(0, 10, SPACE), labels))


@pytest.fixture(scope="session")
def toy() -> type[Toy]:
    """The cohort class."""
    return Toy


@pytest.fixture(scope="session")
def toy_files() -> Callable[..., Path]:
    """``toy_files(folder, names="abcdefg")`` writes the files of a toy cohort."""
    return write_toy


@pytest.fixture(scope="session")
def toy_spec() -> Preprocessing:
    """Keeps the grid."""
    return SPEC


@pytest.fixture(scope="session")
def toy_cache(tmp_path_factory: pytest.TempPathFactory) -> CachedCohort:
    """Seven prepared subjects, five of them for training. Not to be changed."""
    root = tmp_path_factory.mktemp("toy")
    plan = Preparation.plan(Toy(write_toy(root / "source")), SPEC, root / "cache")
    scans = plan.cohort.scans()
    return plan.finish(scans, list(prepare(plan, scans)))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """What contreg itself brings."""
    return load_catalogue(plugins=False)


@pytest.fixture(scope="session")
def cpu() -> Engine:
    """One float32 CPU."""
    return Engine(torch.device("cpu"), bfloat16=False)


@pytest.fixture(scope="session")
def tiny_recipe(catalogue: Catalogue) -> Callable[..., Recipe]:
    """``tiny_recipe(*settings, base="voxelmorph")``: a recipe that trains on 8 x 12 x 8 in milliseconds a step."""

    def tiny(*settings: str, base: str = "voxelmorph") -> Recipe:
        own = {
            "voxelmorph": ["encoder.features=4,4", "decoder.features=vm1", "loss.lncc.window=5"],
            "unet": ["segmenter.features=4,8", "training.batch_size=2"],
            "contrastive-vae": [
                "encoder.features=8,8",
                "encoder.norm=group",
                "loss.lncc.window=5",
                "loss.local-contrast.points=32",
                "loss.infonce.queue=6",
            ],
            "lapirn": [
                "decoder.width=4",
                "decoder.blocks=1",
                "decoder.frozen=0.2",
                "loss.gradicon.weight=0.1",
            ],
            "contrastive-vae/paper": [
                "encoder.widths=4,8",
                "decoder.widths=4,8,8",
                "decoder.bottleneck_width=8",
            ],
        }[base]
        recipe = override(catalogue.recipe(base), [*own, "training.validation=2", *settings], catalogue)
        return replace(recipe, preprocessing=SPEC)

    return tiny
