"""Options that ``register`` and ``segment`` share."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from contreg_cli import completing, options

if TYPE_CHECKING:
    from contreg_core.inference.prediction import Alignment, Similarity
    from contreg_core.labels import LabelMode
    from contreg_core.volume.choice import OrientationFrom

run = click.option(
    "--model",
    default=options.UNTRAINED_MODEL,
    show_default=True,
    metavar="RUN|RECIPE",
    shell_complete=completing.models,
    help="Run folder of contreg fit, file of contreg export, or a recipe that needs no training.",
)
output = click.option(
    "-o",
    "--output",
    required=True,
    type=options.ANY_PATH,
    metavar="DIR",
    help="Folder for the files; made if absent.",
)
_PLACE = (
    click.option(
        "--orientation-from",
        type=click.Choice(["agreement", "sform", "qform"]),
        default="agreement",
        show_default=True,
        help="Which to use if sform and qform disagree.",
    ),
    click.option(
        "--assume-orientation",
        default="",
        metavar="XYZ",
        help="How the axes of files point that store no orientation (Analyze), e.g. LAS.",
    ),
)
_SIZE = click.option(
    "--max-voxels",
    type=click.IntRange(1),
    default=2**31,
    metavar="N",
    help="Refuse headers that claim more voxels (default: 2^31).",
)
_READING = (
    *_PLACE,
    click.option(
        "--volume", type=click.IntRange(0), metavar="K", help="Which volume of 4-D files; 0 is the first."
    ),
    click.option(
        "--channel",
        type=click.IntRange(0),
        metavar="K",
        help="Which channel of colour files; 0 is the first.",
    ),
    click.option("--magnitude", is_flag=True, help="Take the magnitude of complex files."),
    _SIZE,
    click.option(
        "--strict",
        is_flag=True,
        help="Refuse images that do not look like one adult's brain, or seem mirrored, instead of warning.",
    ),
)
background = click.option(
    "--background",
    type=float,
    metavar="VALUE",
    help="Of the warped image where the moving one does not reach (default: what surrounds the head in it).",
)
_PREDICTION = (
    click.option(
        "--affine",
        "alignment",
        type=click.Choice(["none", "rigid", "affine"]),
        default="affine",
        show_default=True,
        help="Alignment beforehand; none: trust the header positions.",
    ),
    click.option(
        "--label-mode",
        type=click.Choice(["linear", "nearest"]),
        default="linear",
        show_default=True,
        help="How labels are read between voxels: the neighbours' weighted vote, or the nearest.",
    ),
    click.option(
        "--similarity",
        type=click.Choice(["auto", "same", "mapped"]),
        default="auto",
        show_default=True,
        help="Compare the images as they are, or with the moving intensities mapped to the fixed image's contrast; "
        "auto: as the joint intensities say.",
    ),
    options.symmetric,
    options.refine,
    options.samples,
)
seed = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")


def reading(command: Callable[..., None]) -> Callable[..., None]:
    """Options about files that leave something open; the command gets them as one ``choice``."""

    @wraps(command)
    def gathered(
        *,
        orientation_from: "OrientationFrom",
        assume_orientation: str,
        volume: int | None,
        channel: int | None,
        magnitude: bool,
        max_voxels: int,
        strict: bool,
        **rest: Any,
    ) -> None:
        from contreg_core.volume import ReadChoice

        choice = ReadChoice(
            orientation_from, assume_orientation.upper(), volume, channel, magnitude, max_voxels, strict
        )
        command(choice=choice, **rest)

    for option in reversed(_READING):
        gathered = option(gathered)
    return gathered


def placing(command: Callable[..., None]) -> Callable[..., None]:
    """The options of ``reading`` that matter where a file lends its grid; the command gets them as one ``choice``."""

    @wraps(command)
    def gathered(
        *, orientation_from: "OrientationFrom", assume_orientation: str, max_voxels: int, **rest: Any
    ) -> None:
        from contreg_core.volume import ReadChoice

        choice = ReadChoice(orientation_from, assume_orientation.upper(), max_voxels=max_voxels)
        command(choice=choice, **rest)

    for option in (_SIZE, *reversed(_PLACE)):
        gathered = option(gathered)
    return gathered


def prediction(command: Callable[..., None]) -> Callable[..., None]:
    """The switches of ``Prediction``; the command gets them as one ``how``."""

    @wraps(command)
    def gathered(
        *,
        alignment: "Alignment",
        label_mode: "LabelMode",
        similarity: "Similarity",
        symmetric: bool,
        refine: int,
        samples: int | None,
        **rest: Any,
    ) -> None:
        from contreg_core.inference.prediction import Prediction

        command(how=Prediction(symmetric, refine, samples or 0, label_mode, alignment, similarity), **rest)

    for option in reversed(_PREDICTION):
        gathered = option(gathered)
    return gathered
