"""The example pair: three planes to scroll through, and the data the page's script draws them from."""

import json
from typing import Any

from contreg.reporting import palette
from contreg.reporting.crop import Shown
from contreg.reporting.example import Example, central_slices
from contreg.reporting.markup import Html, note, tag
from contreg.reporting.numbers import MISSING, is_number, number
from contreg.reporting.volumes import pack_example

_GROUPS = (
    ("Image", (("moving", "moving"), ("fixed", "fixed"), ("warped", "warped"))),
    ("Difference", (("difference-before", "before"), ("difference-after", "after"))),
    ("Checkerboard", (("checker-before", "before"), ("checker-after", "after"))),
    ("Label outlines", (("outlines-before", "before"), ("outlines-after", "after"))),
    ("Carried labels", (("colours", "colours"),)),
    ("Deformation", (("grid", "grid"), ("jacobian", "log Jacobian"), ("deviation", "uncertainty"))),
)
_NEEDS = {
    "outlines-before": {"moving_labels", "fixed_labels"},
    "outlines-after": {"carried", "fixed_labels"},
    "colours": {"carried"},
    "deviation": {"deviation"},
}
_PLANES = ("axial", "coronal", "sagittal")


def viewer(shown: Shown) -> Html:
    """Toolbar, three canvases with a slider each, and the data as JSON for ``viewer.js``."""
    example = shown.example
    data = payload(shown)
    planes = _PLANES if example.fixed.shape[2] > 1 else _PLANES[:1]
    return tag(
        "div",
        tag("p", *_sentence(shown), class_="lead"),
        tag("div", *_toolbar(set(data["volumes"])), class_="toolbar"),
        tag("p", "", id="caption", aria_live="polite"),
        tag("div", *(_panel(plane) for plane in planes), class_="panels"),
        tag("div", tag("div", id="legend"), tag("output", "", id="readout"), class_="under"),
        tag("p", _HELP, class_="small noprint"),
        tag("noscript", note("The views of this section are drawn by a script; this browser runs none.")),
        tag("script", script_json(data), type="application/json", id="pair-data"),
        id="viewer",
    )


_HELP = (
    "Scroll with the wheel over an image or with the sliders; click or drag to move the crosshair through all planes. "
    "Arrow keys step through views and slices once a button or slider has the focus."
)


def payload(shown: Shown) -> dict[str, Any]:
    """What the script reads: volumes, sizes, names, colours."""
    example = shown.example
    labels = list(example.labels)[:255]
    return {
        "size": list(example.fixed.shape),
        "spacing": [round(size, 6) for size in example.spacing],
        "affine": [[round(float(value), 6) for value in row] for row in example.affine[:3]],
        "start": list(central_slices(example)),
        "volumes": pack_example(example),
        "labels": ["unlabelled", *(f"{label.name} {label.side}".strip() for label in labels)],
        "colours": [palette.PANEL, *palette.label_colours(labels)],
        "palette": {
            "diverging": palette.DIVERGING,
            "sequential": palette.SEQUENTIAL,
            "fold": palette.FOLD,
            "fixed": palette.FIXED,
            "carried": palette.CARRIED,
        },
    }


def script_json(value: Any) -> Html:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Html(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _sentence(shown: Shown) -> list[object]:
    example = shown.example
    parts: list[object] = [
        "Moving ",
        tag("b", example.moving_id),
        ", fixed ",
        tag("b", example.fixed_id),
        ". ",
    ]
    if is_number(example.after):
        parts += [
            f"{_KIND[example.headline]} ",
            tag("b", number(example.before), " → ", number(example.after)),
            "; ",
        ]
    parts += [f"{folded(example)}. Voxels of {_size(example)} mm"]
    parts += [f", one in {shown.step} along each axis is shown." if shown.step > 1 else "."]
    return parts


_KIND = {"fused": "Dice of fused regions", "labelmean": "Dice, mean over labels,"}


def folded(example: Example) -> str:
    """How many voxels have a Jacobian determinant that is not positive, in words."""
    share = 100 * float((example.determinant <= 0).mean())
    return f"{share:.3g} % of the voxels shown are folded" if share else "no voxel shown is folded"


def _size(example: Example) -> str:
    return " × ".join(f"{size:g}" for size in (round(size, 2) for size in example.spacing)) or MISSING


def _toolbar(volumes: set[str]) -> list[Html]:
    return [group for title, views in _GROUPS if (group := _group(title, views, volumes))]


def _group(title: str, views: tuple[tuple[str, str], ...], volumes: set[str]) -> Html | None:
    usable = [(view, name) for view, name in views if _NEEDS.get(view, set()) <= volumes]
    if not usable:
        return None
    buttons = [_button(view, name) for view, name in usable]
    return tag("div", tag("span", title, class_="group"), tag("span", *buttons, class_="buttons"))


def _button(view: str, name: str) -> Html:
    chosen = view == "warped"
    return tag(
        "label", tag("input", type="radio", name="view", value=view, checked=chosen), tag("span", name)
    )


def _panel(plane: str) -> Html:
    slider = tag("input", type="range", min=0, value=0, aria_label=f"{plane} slice", data_plane=plane)
    letters = [tag("i", "", class_=f"side {where}") for where in ("left", "right", "top", "bottom")]
    title = tag("figcaption", tag("b", plane), " ", tag("span", "", class_="where"))
    return tag(
        "figure", title, tag("div", tag("canvas", data_plane=plane), *letters, class_="canvas"), slider
    )
