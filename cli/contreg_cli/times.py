"""Spans of time as people write them."""

import re

from contreg_core.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """A span in seconds; raises ``UsageError``.

    >>> seconds("90m"), seconds("1h30m"), seconds("45")
    (5400.0, 5400.0, 45.0)
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    total = sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or total <= 0:
        raise UsageError(f"'{text}' is not a span of time", "write e.g. 90m, 8h or 1h30m")
    return total
