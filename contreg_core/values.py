"""Values of knobs: plain, immutable, the same in Python, in TOML and on a command line."""

import ast
import math
from typing import Any, Literal, TypeAlias, cast, get_args, get_origin

Scalar: TypeAlias = bool | int | float | str
Value: TypeAlias = Scalar | tuple[Scalar, ...]

_SCALARS = (bool, int, float, str)


def check_type(annotation: Any) -> bool:
    """Whether a knob may have this type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return all(type(choice) in _SCALARS for choice in arguments)
    if origin is tuple:
        return all(item is Ellipsis or item in _SCALARS for item in arguments)
    return annotation in _SCALARS


def describe(annotation: Any) -> str:
    """A type in words.

    >>> describe(Literal["adam", "adamw"]), describe(tuple[int, ...]), describe(tuple[float, float])
    ('one of adam, adamw', 'int, ...', 'float, float')
    """
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(str(choice) for choice in get_args(annotation))}"
    if get_origin(annotation) is tuple:
        return ", ".join("..." if item is Ellipsis else item.__name__ for item in get_args(annotation))
    return str(annotation.__name__)


def read(annotation: Any, text: str) -> object:
    """What ``text`` means where a value of this type is asked for; not yet checked.

    >>> read(float, "0.1"), read(bool, "true"), read(str, "1"), read(tuple[int, ...], "80,96,80")
    (0.1, True, '1', (80, 96, 80))
    """
    text = text.strip()
    if annotation is str:
        return text
    if get_origin(annotation) is Literal and text in get_args(annotation):
        return text
    if get_origin(annotation) is tuple and text == "":
        return ()
    return _literal({"true": "True", "false": "False"}.get(text, text))


def convert(annotation: Any, value: object) -> Value:
    """``value`` as this type, strictly: only int -> float and list -> tuple (one number -> tuple of one) are free.

    Raises ``ValueError`` where it does not fit; nan and infinity fit nowhere.
    """
    if get_origin(annotation) is Literal:
        return _choice(get_args(annotation), value)
    if get_origin(annotation) is tuple:
        return _tuple(get_args(annotation), value)
    return _scalar(annotation, value)


def plain(value: object) -> Value:
    """A value as TOML gives it, lists made tuples; raises ``ValueError`` for tables, dates, nan and infinity."""
    if isinstance(value, list | tuple):
        return tuple(_scalar(type(item), item) for item in value)
    return _scalar(type(value), value)


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _choice(choices: tuple[Any, ...], value: object) -> Value:
    for choice in choices:
        if choice == value and type(choice) is type(value):
            return cast(Value, choice)
    raise ValueError(value)


def _tuple(items: tuple[Any, ...], value: object) -> tuple[Scalar, ...]:
    values = value if isinstance(value, tuple | list) else (value,)
    types = [items[0]] * len(values) if items[-1:] == (Ellipsis,) else list(items)
    if len(types) != len(values):
        raise ValueError(value)
    return tuple(_scalar(kind, item) for kind, item in zip(types, values, strict=True))


def _scalar(kind: Any, value: object) -> Scalar:
    if kind is float and type(value) is int:
        value = _float(value)
    if type(value) is not kind or kind not in _SCALARS:
        raise ValueError(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    return cast(Scalar, value)


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(value) from error
