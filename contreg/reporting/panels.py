"""What the columns of the picture show."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contreg.reporting import palette
from contreg.reporting.cut import Cut, smooth_labels
from contreg.reporting.example import Array
from contreg.reporting.volumes import intensity_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

LOG_REACH = 0.8
_FINE = 6  # label edges are drawn at this many times the voxel grid
_GRID_MM = 8.0


@dataclass(frozen=True)
class Column:
    """A title and how one slice is drawn; ``labels`` says that label maps are needed."""

    title: str
    draw: "Callable[[Axes, Cut], None]"
    labels: bool = False


def diverging_map() -> "Colormap":
    """Blue, dark, orange."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("contreg", palette.DIVERGING)


def grey(axes: "Axes", cut: Cut, volume: Array, alpha: float = 1.0) -> None:
    low, high = intensity_window(cut.example)
    axes.imshow(
        cut.of(volume), cmap="gray", vmin=low, vmax=high, alpha=alpha, origin="lower", extent=cut.extent,
        aspect="auto", interpolation="bicubic",
    )  # fmt: skip


def _labels(axes: "Axes", cut: Cut) -> None:
    """Carried labels in colours over the warped image, the fixed labels outlined in white."""
    example = cut.example
    assert example.carried is not None
    coloured(axes, cut, example.warped, example.carried)
    if example.fixed_labels is not None:
        _outline(axes, cut, smooth_labels(cut.of(example.fixed_labels), _FINE))


def coloured(axes: "Axes", cut: Cut, image: Array, labels: Array) -> None:
    """A label map in colours over an image."""
    grey(axes, cut, image)
    colours = _colours(smooth_labels(cut.of(labels), _FINE), cut)
    axes.imshow(colours, origin="lower", extent=cut.extent, aspect="auto")


def _colours(labels: Array, cut: Cut) -> Array:
    """RGBA of a label slice; background is clear."""
    from matplotlib.colors import to_rgb

    known = list(cut.example.labels)
    picture = np.zeros((*labels.shape, 4))
    for label, colour in zip(known, palette.label_colours(known), strict=True):
        picture[labels == label.id] = (*to_rgb(colour), 0.62)
    return picture


def _outline(axes: "Axes", cut: Cut, labels: Array) -> None:
    """A line round every scored label."""
    for label in cut.example.labels:
        inside = labels == label.id
        if inside.any() and not inside.all():
            axes.contour(
                inside,
                levels=[0.5],
                origin="lower",
                extent=cut.extent,
                colors="white",
                linewidths=0.55,
                alpha=0.8,
            )


def _deformation(axes: "Axes", cut: Cut) -> None:
    """log J in colours, folds in red, and a regular grid of the moving image warped with it."""
    example = cut.example
    determinant = cut.of(example.determinant)
    grey(axes, cut, example.warped, 0.55)
    axes.imshow(
        np.log(determinant.clip(1e-3)), cmap=diverging_map(), vmin=-LOG_REACH, vmax=LOG_REACH, alpha=0.72,
        origin="lower", extent=cut.extent, aspect="auto", interpolation="bicubic",
    )  # fmt: skip
    for axis in (cut.across, cut.up):
        position = cut.position(axis)
        gap = max(2.0, _GRID_MM / example.spacing[axis])
        levels = np.arange(np.floor(position.min() / gap), position.max() / gap + 1) * gap
        axes.contour(
            position,
            levels=levels,
            colors="white",
            linewidths=0.55,
            alpha=0.75,
            origin="lower",
            extent=cut.extent,
        )
    folded = np.argwhere(determinant <= 0) + cut.bounds[::2]
    axes.scatter(folded[:, 1], folded[:, 0], s=3, c=palette.FOLD, marker="s", linewidths=0)
    _fade(axes, cut)


def _fade(axes: "Axes", cut: Cut) -> None:
    """Darken what is outside the brain, where nothing but smoothness drives the field."""
    from matplotlib.colors import to_rgb
    from scipy.ndimage import gaussian_filter, zoom

    inside = zoom(cut.of(cut.example.mask).astype(np.float32), _FINE, order=1, grid_mode=True, mode="nearest")
    cover = np.empty((*inside.shape, 4))
    cover[..., :3] = to_rgb(palette.PANEL)
    cover[..., 3] = 1 - (gaussian_filter(inside, _FINE) * 2.2 - 0.2).clip(0, 1)
    axes.imshow(cover, origin="lower", extent=cut.extent, aspect="auto", zorder=9)


MOVING = Column("Moving", lambda axes, cut: grey(axes, cut, cut.example.moving))
FIXED = Column("Fixed", lambda axes, cut: grey(axes, cut, cut.example.fixed))
WARPED = Column("Warped", lambda axes, cut: grey(axes, cut, cut.example.warped))
LABELS = Column("Labels carried", _labels, labels=True)
DEFORMATION = Column("Warped grid, log J", _deformation)
COLUMNS = (MOVING, FIXED, WARPED, LABELS, DEFORMATION)
