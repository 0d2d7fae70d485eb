"""``report.html`` of a run, and its picture for a README. Nothing heavy is imported before one is asked for."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.wording import speaks_python

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contreg_core.catalogue import Catalogue

__all__ = ["figure", "report", "write_report"]


@speaks_python
def report(
    run: "str | os.PathLike[str]",
    output: "str | os.PathLike[str] | None" = None,
    *,
    cache: "str | os.PathLike[str] | None" = None,
    device: str = "cpu",
    pair: tuple[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write one HTML file about a run and return its path (default: ``report.html`` in the run).

    ``pair`` is (moving, fixed), the scans to be shown; otherwise arguments and errors as of ``write_report``.
    """
    from contreg.plugins import load_catalogue

    refuse_outputs(Path(run), [] if output is None else [Path(output)], overwrite=overwrite)
    return write_report(
        Path(run),
        None if output is None else Path(output),
        load_catalogue(),
        cache=None if cache is None else Path(cache),
        device=device,
        pair=pair,
    )


def refuse_outputs(run: Path, outputs: "Sequence[Path]", *, overwrite: bool) -> None:
    """Raise ``OutputError`` where the page or the picture of a run would be written over what they are made from."""
    from contreg_core.overwriting import refuse_overwriting
    from contreg_core.training.run_folder import model_files

    inputs = [*model_files(run), *run.glob("evaluation/*/*")]
    refuse_overwriting(outputs, inputs, overwrite=overwrite)


def write_report(
    run: Path,
    output: Path | None,
    catalogue: "Catalogue",
    *,
    cache: Path | None = None,
    device: str = "cpu",
    pair: tuple[str, str] | None = None,
) -> Path:
    """Write one self-contained HTML file about a run and return its path (default: ``report.html`` in the run).

    ``cache`` is the root of the caches, ``pair`` the (moving, fixed) scan ids to show instead of the test pair of
    median Dice. What is missing is said in the page with the command that adds it. Raises ``MissingError`` for a
    folder that is no run, and what stands in the way of a ``pair`` that was asked for.
    """
    from contreg.reporting.accuracy import accuracy, label_table
    from contreg.reporting.calibration import calibration
    from contreg.reporting.curves import training
    from contreg.reporting.origin import origin, recipe
    from contreg.reporting.overview import overview
    from contreg.reporting.page import page
    from contreg.reporting.pair_section import gather, pair_section
    from contreg.reporting.run_record import read_run
    from contreg_core.files import probe, write_text

    record = read_run(run)
    final = output or record.run.report
    probe(final.parent)
    material = gather(record, catalogue, cache, device, pair)
    labels = material.cohort.labels if material.cohort else ()
    sections = (
        pair_section(material),
        accuracy(record),
        calibration(record),
        label_table(record, labels),
        training(record),
        origin(record, material.cohort, material.parameters),
        recipe(record),
    )
    write_text(final, page(f"{record.model} on {record.cohort}", overview(record), *sections))
    return final


def figure(
    run: Path,
    output: Path,
    catalogue: "Catalogue",
    *,
    cache: Path | None = None,
    device: str = "cpu",
    pair: tuple[str, str] | None = None,
) -> Path:
    """Write a PNG of one registered pair and return its path: three planes of images, labels and deformation.

    Arguments as in ``write_report``; here a missing cache or checkpoint raises its error.
    """
    from contreg.reporting.pair_section import gather
    from contreg.reporting.picture import draw
    from contreg.reporting.run_record import read_run

    example = gather(read_run(run), catalogue, cache, device, pair).example()
    draw(example, output)
    return output
