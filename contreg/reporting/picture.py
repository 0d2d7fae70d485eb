"""One registered pair as a picture: axial, coronal, sagittal by moving, fixed, warped, labels, deformation."""

from pathlib import Path
from typing import TYPE_CHECKING

from contreg.reporting import palette
from contreg.reporting.crop import shown
from contreg.reporting.cut import Cut
from contreg.reporting.example import Example
from contreg.reporting.numbers import is_number
from contreg.reporting.panels import COLUMNS, LOG_REACH, Column, diverging_map
from contreg_core.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _GAP, _HEAD, _FOOT = 12.0, 0.07, 0.44, 0.5  # inches
PLANES = ((2, 0, 1), (1, 0, 2), (0, 1, 2))  # axis cut, axis to the right, axis upwards
MOST_VOXELS = 30_000_000


def draw(example: Example, output: Path) -> None:
    """Write the PNG, all panels at one scale in mm."""
    save(_picture(shown(example, MOST_VOXELS).example), output)


def save(picture: "Figure", output: Path) -> None:
    """A figure as PNG, atomically."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with atomic_path(output) as temporary:
        FigureCanvasAgg(picture)
        # No version in the file: the same pair gives the same bytes.
        picture.savefig(temporary, format="png", metadata={"Software": None})


def planes_of(example: Example) -> tuple[tuple[int, int, int], ...]:
    """Axial, coronal and sagittal; of a flat image the one there is."""
    return PLANES if example.fixed.shape[2] > 1 else PLANES[:1]


def _picture(example: Example) -> "Figure":
    from matplotlib.figure import Figure

    columns = [column for column in COLUMNS if not column.labels or example.carried is not None]
    planes = planes_of(example)
    extents = [size * mm for size, mm in zip(example.fixed.shape, (*example.spacing, 1.0), strict=False)]
    cell = _WIDTH / len(columns)
    inches = (cell - _GAP) / max(extents[across] for _, across, _ in planes)
    height = _HEAD + _FOOT + sum(extents[up] * inches + _GAP for *_, up in planes)
    figure = Figure(figsize=(_WIDTH, height), dpi=150, facecolor=palette.PANEL)
    top = height - _HEAD
    for plane in planes:
        wide, tall = extents[plane[1]] * inches, extents[plane[2]] * inches
        top -= tall
        for number, column in enumerate(columns):
            left = cell * number + (cell - wide) / 2
            axes = figure.add_axes((left / _WIDTH, top / height, wide / _WIDTH, tall / height))
            axes.set_axis_off()
            column.draw(axes, Cut(example, *plane))
        top -= _GAP
    _titles(figure, columns, height)
    _foot(figure, example, height)
    return figure


def _titles(figure: "Figure", columns: list[Column], height: float) -> None:
    for number, column in enumerate(columns):
        place = (number + 0.5) / len(columns), 1 - 0.24 / height
        figure.text(*place, column.title, color="#f2f5f8", ha="center", va="center", fontsize=13)


def _foot(figure: "Figure", example: Example, height: float) -> None:
    """What the numbers are, and the scale of the last column."""
    kind = "fused regions" if example.headline == "fused" else "mean over labels"
    dice = (
        f"Dice ({kind}) {example.before:.3f} → {example.after:.3f}   ·   " if is_number(example.after) else ""
    )
    outlines = "   ·   white: labels of the fixed image" if example.fixed_labels is not None else ""
    words = f"{dice}folded voxels {100 * float((example.determinant <= 0).mean()):.2g} %{outlines}"
    figure.text(0.006, 0.25 / height, words, color="#aab4bf", ha="left", va="center", fontsize=11)
    axes = figure.add_axes((0.826, 0.27 / height, 0.13, 0.09 / height))
    ramp = [[step / 255 for step in range(256)]]
    axes.imshow(ramp, cmap=diverging_map(), aspect="auto")
    axes.set_axis_off()
    for place, text, side in ((0.82, f"log J −{LOG_REACH:g}", "right"), (0.962, f"+{LOG_REACH:g}", "left")):
        figure.text(place, 0.315 / height, text, color="#aab4bf", ha=side, va="center", fontsize=10)
