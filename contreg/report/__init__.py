"""``report.html`` of a run, and its picture for a README. Nothing heavy is imported before one is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

__all__ = ["figure", "write_report"]


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
    from contreg.report.accuracy import accuracy, label_table
    from contreg.report.calibration import calibration
    from contreg.report.curves import training
    from contreg.report.origin import origin, recipe
    from contreg.report.overview import overview
    from contreg.report.page import page
    from contreg.report.pair_section import gather, pair_section
    from contreg.report.run_record import read_run
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
    from contreg.report.pair_section import gather
    from contreg.report.picture import draw
    from contreg.report.run_record import read_run

    example = gather(read_run(run), catalogue, cache, device, pair).example()
    draw(example, output)
    return output
