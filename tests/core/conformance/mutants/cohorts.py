"""A sound cohort of two brains, and what may go wrong with one."""

from pathlib import Path

import numpy as np

from contreg_core.cohort import Cohort, Label, LoadedScan, Protocol, Scan
from contreg_core.errors import MissingError
from contreg_core.volume import Volume


class SoundCohort(Cohort):
    """Two cubes, from a folder with a file."""

    name = "sound"
    summary = "two cubes"
    default_protocol = "sound/own"
    affine = np.diag([2.0, 2.0, 2.0, 1.0])

    def scans(self):
        if self.source is None or not self.source.is_dir():
            raise MissingError(f"{self.source}: no such folder", "name the study")
        return [Scan("a", "a", "train"), Scan("b", "b", "test")]

    def load(self, scan):
        image = np.zeros((6, 7, 8), np.float32)
        image[2:4, 2:5, 2:6] = 1 + ord(scan.id[-1])
        labels = (image > 0).astype(np.int16)
        return LoadedScan(Volume(image, self.affine), Volume(labels, self.affine), image > 0)

    def label_table(self):
        return [Label(1, "cube", "M")]

    def protocols(self):
        return [Protocol("sound/own", (1,), {"cube": (1,)})]


class Unsummarised(SoundCohort):
    """No summary."""

    breaks = "is-a-cohort"
    summary = None


class Traceback(SoundCohort):
    """Fails in its own words where the study is not there."""

    breaks = "a-wrong-source-is-an-error-for-people"

    def scans(self):
        list(self.source.iterdir())
        next(self.source.iterdir())
        return super().scans()


class Twins(SoundCohort):
    """Two ids that some disks cannot tell apart."""

    breaks = "scans-are-named-once"

    def scans(self):
        return [*super().scans(), Scan("A", "A", "test")]


class OddSplit(SoundCohort):
    """A split nobody knows."""

    breaks = "scans-are-named-once"

    def scans(self):
        return [*super().scans(), Scan("c", "c", "dev")]


class Ghost(SoundCohort):
    """Names a file that is not there."""

    breaks = "files-exist"

    def scans(self):
        return [*super().scans(), Scan("c", "c", "test", Path("no-such.nii.gz"))]


class Unlisted(SoundCohort):
    """Scores a label that is in no table."""

    breaks = "labels-are-in-the-table"

    def protocols(self):
        return [Protocol("sound/own", (1, 7), {"cube": (1,)})]


class NoDefault(SoundCohort):
    """Its default protocol does not exist."""

    breaks = "labels-are-in-the-table"
    default_protocol = "sound/other"


class LeftHanded(SoundCohort):
    """The first axis runs to the left."""

    breaks = "scans-load-in-ras"
    affine = np.diag([-2.0, 2.0, 2.0, 1.0])


class Integers(SoundCohort):
    """Images of integers."""

    breaks = "scans-load-in-ras"

    def load(self, scan):
        found = super().load(scan)
        return LoadedScan(Volume(found.image.array.astype(np.int16), self.affine), found.labels, found.mask)


class StrayLabel(SoundCohort):
    """A label that is in no table."""

    breaks = "label-maps-fit"

    def load(self, scan):
        found = super().load(scan)
        return LoadedScan(found.image, Volume(9 * found.labels.array, self.affine), found.mask)


class Shifted(SoundCohort):
    """Labels half a voxel off."""

    breaks = "label-maps-fit"

    def load(self, scan):
        found = super().load(scan)
        shifted = self.affine.copy()
        shifted[0, 3] = 1.0
        return LoadedScan(found.image, Volume(found.labels.array, shifted), found.mask)


class Littering(SoundCohort):
    """Writes into the study."""

    breaks = "loading-repeats-itself"

    def load(self, scan):
        (self.source / f"{len(list(self.source.iterdir()))}.tmp").write_text("")
        return super().load(scan)


class Noisy(SoundCohort):
    """Another image every time."""

    breaks = "loading-repeats-itself"
    count = 0

    def load(self, scan):
        Noisy.count += 1
        found = super().load(scan)
        return LoadedScan(
            Volume(found.image.array + np.float32(Noisy.count), self.affine), found.labels, found.mask
        )


class Rooted(SoundCohort):
    """Holds what no other process can have."""

    breaks = "travels-to-workers"

    def __init__(self, source=None):
        super().__init__(source)
        self.reader = lambda path: path


SOUND = [SoundCohort]
