"""What a component gives is looked at where it enters: a plugin's mistake bears the plugin's name, not a layer's."""

from collections.abc import Sequence

from torch import Tensor

from contreg_core.components import Component
from contreg_core.errors import UnavailableError
from contreg_core.types import Encoding, Field


def checked_encoding(encoder: Component, encoding: object, channels: Sequence[int]) -> Encoding:
    """The encoding, if it has the channels that the decoder was built for."""
    if not isinstance(encoding, Encoding):
        raise _wrong(encoder, f"a {type(encoding).__name__}", "an Encoding")
    found = tuple(feature.shape[1] for feature in encoding.features)
    if found != tuple(channels):
        hint = "let channels and forward agree, finest level first"
        raise _wrong(encoder, f"features of {found} channels", f"its own {tuple(channels)}", hint)
    return encoding


def checked_field(giver: Component, field: object, space: Sequence[int]) -> Field:
    """The field, if it has a vector for every voxel of ``space`` divided by its scale."""
    if not isinstance(field, Field):
        raise _wrong(giver, f"a {type(field).__name__}", "a Field")
    for values in (field.mean, field.log_variance):
        if values is not None:
            _check_vectors(giver, f"a field of scale {field.scale}", values, space, field.scale)
    return field


def checked_displacement(warper: Component, displacement: object, space: Sequence[int]) -> Tensor:
    """The displacement, if it has a vector for every voxel of ``space``, and perhaps of its padding."""
    if not isinstance(displacement, Tensor):
        raise _wrong(warper, f"a {type(displacement).__name__}", "a displacement tensor")
    _check_vectors(warper, "a displacement", displacement, space, 1)
    return displacement


def _check_vectors(giver: Component, what: str, values: Tensor, space: Sequence[int], scale: int) -> None:
    fits = values.ndim == len(space) + 2 and values.shape[1] == len(space) and values.is_floating_point()
    if fits and all(scale * own >= size for own, size in zip(values.shape[2:], space, strict=True)):
        return
    grid = ", ".join(str(-(-size // scale)) for size in space)
    found = f"{what} of shape {tuple(values.shape)}, {str(values.dtype).removeprefix('torch.')}"
    raise _wrong(giver, found, f"floating values of shape (batch, {len(space)}, {grid}) or larger")


def _wrong(giver: Component, found: str, expected: str, hint: str = "") -> UnavailableError:
    remedy = hint or "try it by the laws of its kind: contreg plugins check NAME"
    return UnavailableError(
        f"{giver.kind} '{giver.name}' gave {found}, expected {expected}", f"for its author: {remedy}"
    )
