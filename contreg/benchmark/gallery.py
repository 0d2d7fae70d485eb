"""One pair by every method: three planes with a part enlarged, as images, labels and deformations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contreg.reporting import palette
from contreg.reporting.crop import shown
from contreg.reporting.cut import Cut, Window
from contreg.reporting.example import Array, Example
from contreg.reporting.numbers import number
from contreg.reporting.panels import DEFORMATION, FIXED, LABELS, MOVING, WARPED, coloured
from contreg.reporting.picture import MOST_VOXELS, planes_of, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL, _GAP, _HEAD, _FOOT = 1.75, 0.06, 0.62, 0.34  # inches
_ZOOM = (0.24, 0.40)  # share of a slice's height and width that is enlarged
_FRAME = "#ffd23f"
Draw = Callable[["Axes", Cut], None]


@dataclass(frozen=True)
class Method:
    """A method's name and the pair it registered."""

    name: str
    example: Example


@dataclass(frozen=True)
class _Column:
    title: str
    under: str
    example: Example
    draw: Draw


def draw_gallery(methods: Sequence[Method], folder: Path) -> list[Path]:
    """Write ``figure-images.png``, ``figure-fields.png`` and, of a cohort with labels, ``figure-labels.png``."""
    cut = [Method(method.name, shown(method.example, MOST_VOXELS).example) for method in methods]
    kinds = {"images": _images, "labels": _labels, "fields": _fields}
    if cut[0].example.carried is None or cut[0].example.fixed_labels is None:
        del kinds["labels"]
    windows = [
        _window([Cut(method.example, *plane) for method in cut]) for plane in planes_of(cut[0].example)
    ]
    paths = []
    for kind, columns in kinds.items():
        paths.append(folder / f"figure-{kind}.png")
        save(_figure(columns(cut), windows, cut[0].example), paths[-1])
    return paths


def _images(methods: Sequence[Method]) -> list[_Column]:
    return [*_ends(methods[0].example, MOVING.draw, FIXED.draw), *_each(methods, WARPED.draw)]


def _fields(methods: Sequence[Method]) -> list[_Column]:
    return [*_ends(methods[0].example, MOVING.draw, FIXED.draw), *_each(methods, DEFORMATION.draw)]


def _labels(methods: Sequence[Method]) -> list[_Column]:
    return [*_ends(methods[0].example, _moving_labels, _fixed_labels), *_each(methods, LABELS.draw)]


def _moving_labels(axes: "Axes", cut: Cut) -> None:
    assert cut.example.moving_labels is not None
    coloured(axes, cut, cut.example.moving, cut.example.moving_labels)


def _fixed_labels(axes: "Axes", cut: Cut) -> None:
    assert cut.example.fixed_labels is not None
    coloured(axes, cut, cut.example.fixed, cut.example.fixed_labels)


def _ends(example: Example, moving: Draw, fixed: Draw) -> list[_Column]:
    before = f"Dice {number(example.before)}" if example.carried is not None else ""
    return [
        _Column("Moving", f"{example.moving_id}  {before}".strip(), example, moving),
        _Column("Fixed", example.fixed_id, example, fixed),
    ]


def _each(methods: Sequence[Method], draw: Draw) -> list[_Column]:
    return [
        _Column(method.name, f"Dice {number(method.example.after)}", method.example, draw)
        for method in methods
    ]


def _window(cuts: Sequence[Cut]) -> Window:
    """The part of a slice where the methods differ most: where some carry the right label and others do not."""
    from scipy.ndimage import uniform_filter

    right = [_right(cut) for cut in cuts]
    height, width = right[0].shape
    size = max(2, round(_ZOOM[0] * height)), max(2, round(_ZOOM[1] * width))
    density = uniform_filter(np.var(right, axis=0), size, mode="constant")
    row, column = np.unravel_index(int(np.argmax(density)), density.shape)
    low = min(max(0, int(row) - size[0] // 2), height - size[0])
    left = min(max(0, int(column) - size[1] // 2), width - size[1])
    return low, low + size[0], left, left + size[1]


def _right(cut: Cut) -> Array:
    """1 where the carried label is the fixed one; of images without labels, the warped image."""
    example = cut.example
    if example.carried is None or example.fixed_labels is None:
        return cut.of(example.warped)
    right: Array = cut.of(example.carried) == cut.of(example.fixed_labels)
    return right.astype(np.float64)


def _figure(columns: Sequence[_Column], windows: Sequence[Window], example: Example) -> "Figure":
    from matplotlib.figure import Figure

    planes = list(zip(planes_of(example), windows, strict=True))
    inches = (_CELL - _GAP) / max(_millimetres(example, plane[1]) for plane, _ in planes)
    tall = [_millimetres(example, plane[2]) * inches for plane, _ in planes]
    enlarged = [_zoom_height(example, plane, window) for plane, window in planes]
    height = _HEAD + _FOOT + sum(tall) + sum(enlarged) + 2 * _GAP * len(planes)
    width = _CELL * len(columns)
    figure = Figure(figsize=(width, height), dpi=120, facecolor=palette.PANEL)
    top = height - _HEAD
    for (plane, window), whole, part in zip(planes, tall, enlarged, strict=True):
        for number_, column in enumerate(columns):
            cut, left = Cut(column.example, *plane), _CELL * number_
            wide = _millimetres(example, plane[1]) * inches
            axes = _axes(figure, left + (_CELL - wide) / 2, top - whole, wide, whole)
            column.draw(axes, cut)
            _frame(axes, window)
            axes = _axes(figure, left + _GAP / 2, top - whole - _GAP - part, _CELL - _GAP, part)
            column.draw(axes, cut.zoomed(window))
        top -= whole + part + 2 * _GAP
    _words(figure, columns)
    return figure


def _millimetres(example: Example, axis: int) -> float:
    return float(example.fixed.shape[axis] * example.spacing[axis])


def _zoom_height(example: Example, plane: tuple[int, int, int], window: Window) -> float:
    """Inches of the enlarged part at the width of a cell."""
    low, high, left, right = window
    shape = (high - low) * example.spacing[plane[2]] / ((right - left) * example.spacing[plane[1]])
    return float((_CELL - _GAP) * shape)


def _axes(figure: "Figure", left: float, bottom: float, width: float, height: float) -> "Axes":
    """Axes at a place in inches."""
    wide, tall = figure.get_size_inches()
    axes = figure.add_axes((left / wide, bottom / tall, width / wide, height / tall))
    axes.set_axis_off()
    return axes


def _frame(axes: "Axes", window: Window) -> None:
    from matplotlib.patches import Rectangle

    low, high, left, right = window
    axes.add_patch(
        Rectangle(
            (left - 0.5, low - 0.5), right - left, high - low, fill=False, edgecolor=_FRAME, lw=1.1, zorder=20
        )
    )


def _words(figure: "Figure", columns: Sequence[_Column]) -> None:
    tall = figure.get_size_inches()[1]
    for place, column in enumerate(columns):
        middle = (place + 0.5) / len(columns)
        size = min(10.5, 200 / max(1, len(column.title)))
        figure.text(
            middle, 1 - 0.22 / tall, column.title, color="#f2f5f8", ha="center", va="center", fontsize=size
        )
        figure.text(
            middle, 1 - 0.44 / tall, column.under, color="#aab4bf", ha="center", va="center", fontsize=8.5
        )
    foot = "yellow: where the methods differ most, enlarged below"
    if any(column.draw is DEFORMATION.draw for column in columns):
        foot += "   ·   orange: space grows from fixed to moving, blue: it shrinks"
    figure.text(0.004, 0.16 / tall, foot, color="#aab4bf", ha="left", va="center", fontsize=9)
