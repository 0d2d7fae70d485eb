"""``contreg.report``: one HTML file about a run."""

import os
from pathlib import Path

from contreg.plugins import load_catalogue
from contreg.report import write_report


def report(
    run: "str | os.PathLike[str]",
    output: "str | os.PathLike[str] | None" = None,
    *,
    cache: "str | os.PathLike[str] | None" = None,
    device: str = "cpu",
    pair: tuple[str, str] | None = None,
) -> Path:
    """Write it and return its path (default: ``report.html`` in the run); ``pair`` is (moving, fixed) to be shown."""
    return write_report(
        Path(run),
        None if output is None else Path(output),
        load_catalogue(),
        cache=None if cache is None else Path(cache),
        device=device,
        pair=pair,
    )
