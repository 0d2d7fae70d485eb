"""Numbers as people read them."""

import math
from collections.abc import Sequence

MISSING = "–"


def number(value: object, digits: int = 3) -> str:
    """``digits`` places; a dash for what was not measured."""
    return f"{value:.{digits}f}" if is_number(value) else MISSING


def is_number(value: object) -> bool:
    """A finite number (a truth value is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def interval(bounds: object, digits: int = 3) -> str:
    """``[0.701, 0.742]``, or nothing."""
    if not isinstance(bounds, Sequence) or len(bounds) != 2 or not all(map(is_number, bounds)):
        return ""
    return f"[{bounds[0]:.{digits}f}, {bounds[1]:.{digits}f}]"


def percent(value: object) -> str:
    """A percentage with as many places as it needs to differ from 0."""
    if not is_number(value):
        return MISSING
    assert isinstance(value, int | float)
    return f"{value:.3f} %" if 0 < value < 0.1 else f"{value:.1f} %" if value else "0 %"


def duration(seconds: object) -> str:
    """``3 h 12 min``, ``4 min 10 s``, ``0.42 s``."""
    if not is_number(seconds):
        return MISSING
    assert isinstance(seconds, int | float)
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def memory(mebibytes: object) -> str:
    """``1.7 GiB``."""
    if not is_number(mebibytes):
        return MISSING
    assert isinstance(mebibytes, int | float)
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"
