"""Errors in the words of who asked: the core and the shell name options, a Python program has arguments.

An error's text names a switch as the shell writes it (``--affine none``). Raised through a function of ``contreg`` it
names that function's argument (``alignment='none'``).
"""

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from contreg_core.errors import ContregError

P = ParamSpec("P")
R = TypeVar("R")
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)(?:[ =]([a-z0-9]\w*)(?![\w.]*[:/]))?")
"""An option and the value after it, where it is one word."""
_RENAMED = {"affine": "alignment", "set": "settings"}
_PROSE = re.compile(r"as|and|another|beside|does|folder|for|if|in|is|needs|on|or|to|which")
"""Words that follow an option in a sentence and are no value of it."""


def in_python(text: str, parameters: frozenset[str]) -> str:
    """``text`` with options as arguments of a function that has these ``parameters``; others are the shell's.

    >>> in_python("check both images, or use --affine none", frozenset({"alignment"}))
    "check both images, or use alignment='none'"
    >>> in_python("give --run another folder", frozenset({"run"}))
    'give run another folder'
    >>> in_python("leave out --strict", frozenset())
    'leave out --strict (in the shell)'
    """

    def argument(found: re.Match[str]) -> str:
        option, value = found[1], found[2]
        name = _RENAMED.get(option, option.replace("-", "_"))
        words = f" {value}" if value and _PROSE.fullmatch(value) else ""
        if name not in parameters:
            return f"{found[0]} (in the shell)"
        if value is None or words:
            return name + words
        return f"{name}={value if value.isdigit() else repr(value)}"

    return OPTION.sub(argument, text)


def speaks_python(function: Callable[P, R]) -> Callable[P, R]:
    """Errors that leave ``function`` name its arguments."""
    parameters = frozenset(inspect.signature(function).parameters)

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ContregError as error:
            if not error.worded:
                error.message = in_python(error.message, parameters)
                error.hint = in_python(error.hint, parameters)
                error.worded = True
            raise

    return called
