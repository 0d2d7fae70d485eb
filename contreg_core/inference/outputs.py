"""What ``register`` and ``segment`` leave in their folder: volumes, fields, tables and the JSON that explains them."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from contreg_core.cohort import Label
from contreg_core.files import atomic_path, sha256_of, write_json
from contreg_core.inference.belonging import (
    Origin,
    refuse_other_image,
    refuse_other_pair,
    registration_files,
    segmentation_files,
)
from contreg_core.inference.label_table import TableRow, write_label_table
from contreg_core.inference.names import PairNames, stem
from contreg_core.inference.placing import Placement
from contreg_core.inference.register import ImageRegistration
from contreg_core.inference.registrar import Registrar
from contreg_core.inference.sampling import Posterior
from contreg_core.inference.segment import Segmentation
from contreg_core.inference.segment_directly import DirectSegmentation
from contreg_core.inference.segmenter import TrainedSegmenter
from contreg_core.overwriting import refuse_inputs
from contreg_core.provenance import finished, generated
from contreg_core.transform import (
    CONVENTIONS,
    FieldFormat,
    Grid,
    WorldField,
    of_field,
    on_upright_grid,
    sheared,
    sidecar_path,
    write_composite,
    write_field,
)
from contreg_core.volume import Volume, axis_codes, form_code, write_volume


@dataclass(frozen=True)
class Input:
    """An image and where it was read from; ``in_memory`` where ``path`` is only a name and no file."""

    path: Path
    volume: Volume
    in_memory: bool = False

    def record(self) -> dict[str, Any]:
        """For the sidecar: name, whole path and SHA-256 of the file, shape, affine, what the reader repaired."""
        return {
            "file": self.path.name,
            **({} if self.in_memory else {"path": str(self.path.absolute())}),
            "sha256": _sum_of(self.volume) if self.in_memory else sha256_of(self.path),
            "shape": list(self.volume.array.shape),
            "affine": self.volume.affine.tolist(),
            "axes": axis_codes(self.volume.affine),
            "notes": list(self.volume.notes),
        }

    def origin(self) -> Origin:
        """For telling outputs of this image from those of another."""
        if self.in_memory:
            return Origin(None, lambda: _sum_of(self.volume))
        return Origin.of(self.path)

    def form_code(self) -> int:
        """The file's own NIfTI form code, for outputs on its grid; 1 where it has none."""
        if self.in_memory:
            return 1
        return form_code(self.path)


def write_registration(
    folder: Path,
    result: ImageRegistration,
    moving: Input,
    fixed: Input,
    about: Mapping[str, Any],
    form: FieldFormat | Literal["h5"] = "itk",
) -> list[Path]:
    """All files of a registration, sidecars last; returns the paths. ``about`` is added to both sidecars.

    ``form`` is the convention of the two displacements; ``"h5"`` writes ITK composites, the affine stage apart.
    """
    names = PairNames.of(moving.path, fixed.path)
    code = fixed.form_code()
    sides = {"moving": moving.record(), "fixed": fixed.record(), **_placed(result.placement)}
    written = [folder / f"{names.stem}_warped.nii.gz"]
    write_volume(written[0], result.warped, code=code)
    if result.labels is not None:
        written.append(folder / f"{names.stem}_labels.nii.gz")
        write_volume(written[-1], result.labels, code=code)
    written += _write_posterior(folder, names, result.posterior, code)
    quality = {"quality": _plain(asdict(result.quality)), "warnings": list(result.warnings), **about}
    if result.posterior is not None:
        quality["samples"] = {
            "count": result.posterior.count,
            "uncertainty_mm": result.posterior.uncertainty_mm,
            "displacement": "the mean of the samples",
        }
    suffix = ".h5" if form == "h5" else ".nii.gz"
    forward, back = folder / f"{names.displacement}{suffix}", folder / f"{names.inverse}{suffix}"
    grids = Grid.of(fixed.volume), Grid.of(moving.volume)
    for path in (forward, back):  # of an earlier registration: it must not speak of what is written now
        sidecar_path(path).unlink(missing_ok=True)
    _write_map(forward, result.displacement, result.affine, form, grids[1], code)
    _write_map(
        back,
        result.inverse,
        np.linalg.inv(result.affine).astype(np.float64),
        form,
        grids[0],
        moving.form_code(),
    )
    files = {"files": [path.name for path in (*written, forward, back)]}
    lies = [
        _lies_on(side, own, field.grid, form)
        for side, own, field in zip(
            ("fixed", "moving"), grids, (result.displacement, result.inverse), strict=True
        )
    ]
    for path, other, ends, grid in (
        (forward, back, ("fixed", "moving"), lies[0]),
        (back, forward, ("moving", "fixed"), lies[1]),
    ):
        told = {"inverse": other.name, **files, **_direction(*ends, form), "grid": grid}
        told |= sides | _ended(quality)
        told |= of_field(path)
        write_json(sidecar_path(path), told | generated(one.path.name for one in (moving, fixed)))
    return [*written, forward, back, sidecar_path(forward), sidecar_path(back)]


def refuse_registration(folder: Path, moving: Input, fixed: Input) -> None:
    """Raise ``OutputError`` where ``write_registration`` would write over an input or the outputs of another pair."""
    names = PairNames.of(moving.path, fixed.path)
    files = [one.path for one in (moving, fixed) if not one.in_memory]
    refuse_inputs(registration_files(folder, names), files, overwrite=False)
    refuse_other_pair(folder, names, moving.origin(), fixed.origin())


def refuse_segmentation(folder: Path, image: Input) -> None:
    """Raise ``OutputError`` where ``write_segmentation`` would write over its image or the outputs of another."""
    name = stem(image.path)
    refuse_inputs(segmentation_files(folder, name), [] if image.in_memory else [image.path], overwrite=False)
    refuse_other_image(folder, name, image.origin())


def _sum_of(volume: Volume) -> str:
    """SHA-256 of voxels and affine in memory."""
    content = (np.ascontiguousarray(volume.array), np.ascontiguousarray(volume.affine))
    return sha256(b"".join(part.tobytes() for part in content)).hexdigest()


def _write_posterior(folder: Path, names: PairNames, posterior: Posterior | None, code: int) -> list[Path]:
    if posterior is None:
        return []
    maps = {"uncertainty": posterior.uncertainty, "entropy": posterior.entropy}
    found = {folder / f"{names.stem}_{name}.nii.gz": one for name, one in maps.items() if one is not None}
    for path, volume in found.items():
        write_volume(path, volume, code=code)
    return list(found)


def _write_map(
    path: Path,
    field: WorldField,
    affine: NDArray[np.float64],
    form: FieldFormat | Literal["h5"],
    other: Grid,
    code: int,
) -> None:
    if form == "h5":
        write_composite(path, on_upright_grid(field), affine)
    else:
        upright = on_upright_grid(field) if form == "itk" else field
        write_field(path, upright, form, moving=other, code=code)


def write_segmentation(
    folder: Path,
    result: Segmentation | DirectSegmentation,
    image: Input,
    labels: Sequence[TableRow],
    about: Mapping[str, Any],
    *,
    name: str = "",
    probabilities: bool = False,
) -> list[Path]:
    """Label map, its names and colours where known, volumes and sidecar of one image (``<name>_dseg.nii.gz`` ...).

    Returns the paths; the sidecar comes last and lists the others. ``name`` is by default the image's stem.
    """
    name, code, told = name or stem(image.path), image.form_code(), image.record()
    path, table = folder / f"{name}_dseg.nii.gz", folder / f"{name}_volumes.csv"
    write_volume(path, result.labels, code=code)
    maps = []
    for label, share in result.probabilities() if probabilities else ():
        maps.append(folder / f"{name}_label-{label}_probseg.nii.gz")
        write_volume(maps[-1], share, code=code)
    write_volumes(table, result.volumes(), [row.label for row in labels])
    if labels:
        maps.append(folder / f"{name}_dseg.tsv")
        write_label_table(maps[-1], labels)
    each = zip(result.references, result.qualities, result.placements, strict=True)
    references = [
        {"name": reference, **_placed(placement), "quality": _plain(asdict(quality))}
        for reference, quality, placement in each
    ]
    files = [one.name for one in (path, table, *maps)]
    record = {"image": told, "files": files, "references": references}
    record |= {"warnings": list(result.warnings), **_ended(about)}
    record |= generated((image.path.name, *result.references))
    write_json(sidecar_path(path), record)
    return [path, table, *maps, sidecar_path(path)]


def write_volumes(path: Path, volumes: Mapping[int, float], labels: Sequence[Label]) -> None:
    """CSV of ``label,name,side,volume_mm3``: every label found, and every label of the table, 0 where absent."""
    known = {label.id: label for label in labels}
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["label", "name", "side", "volume_mm3"])
        for number in sorted(known.keys() | volumes.keys()):
            label = known.get(number, Label(number, ""))
            writer.writerow([number, label.name, label.side, f"{volumes.get(number, 0.0):.6g}"])


def about_model(model: Registrar | TrainedSegmenter) -> dict[str, Any]:
    """Which model: recipe, what is done to its answer, the checkpoint's SHA-256, what it was trained on."""
    data = model.record.get("data", {})
    known = {key: data[key] for key in ("cohort", "cache", "spacing") if key in data}
    own = {"recipe": model.recipe.name, "prediction": list(model.prediction.words)}
    return {**own, "checkpoint_sha256": model.record.get("sha256"), **known}


def _ended(about: Mapping[str, Any]) -> dict[str, Any]:
    """``about`` with its provenance, where there is one, closed."""
    return {key: finished(value) if key == "provenance" else value for key, value in about.items()}


def _placed(placement: Placement) -> dict[str, Any]:
    """How the brains were brought together, and how headers and sides fit."""
    return {
        "affine_ras": placement.stage.tolist(),
        "prealignment": str(placement.prealignment),
        "left_right": placement.sides.means,
    }


def _direction(on: str, into: str, form: FieldFormat | Literal["h5"]) -> dict[str, Any]:
    known = "ITK composite: displacement, then affine" if form == "h5" else CONVENTIONS[form].summary
    return {
        "format": form,
        "convention": known,
        "direction": f"p + u(p): points of the {on} image to points of the {into} image",
        "warps": f"the {into} image onto the {on} image's grid",
    }


def _lies_on(side: str, image: Grid, field: Grid, form: FieldFormat | Literal["h5"]) -> str:
    """Whose grid a displacement is written on: the image's, the model's, or a box around a sheared one."""
    if field.shape != image.shape or not np.allclose(field.affine, image.affine, atol=1e-6):
        return f"the model's, around the {side} image"
    return (
        f"a box around the {side} image's, which is sheared"
        if form in ("itk", "h5") and sheared(image)
        else side
    )


def _plain(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
