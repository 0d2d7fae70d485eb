"""JSON that others may have written."""

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """The value; raises ``ValueError`` for what is no JSON, and for one nested deeper than Python follows."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
