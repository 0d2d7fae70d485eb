"""The constructor signature is the schema: keyword-only parameters are knobs, their annotations the types.

A knob is annotated with ``bool``, ``int``, ``float``, ``str``, ``Literal[...]`` or a tuple of these, has a default, and
is described in the class docstring under ``Knobs:``.
"""

import difflib
import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from contreg_core.errors import UnavailableError, UsageError
from contreg_core.values import Value, check_type, convert, describe, read

NAME = r"[a-z0-9][a-z0-9_-]*"
"""Names of components, terms and cohorts: they need no quotes anywhere."""
RESERVED = frozenset({"name", "weight", "component"})
"""Words a recipe file uses beside the knobs, so no knob may be called so."""


@dataclass(frozen=True)
class Parameter:
    """One knob: its name, its annotated type, its default and its line of help."""

    name: str
    type: Any
    default: Value
    doc: str = ""

    @property
    def type_name(self) -> str:
        """The type in words, as help pages and messages print it."""
        return describe(self.type)


Parameters: TypeAlias = Mapping[str, Parameter]


def parameters_of(cls: type) -> dict[str, Parameter]:
    """The knobs of ``cls`` in order of its signature.

    Raises ``UnavailableError``, addressed to the author, for ``*args``/``**kwargs`` and for a knob without annotation
    or default, of an unsupported type, or with a reserved name.
    """
    if not _has_own_constructor(cls):
        return {}
    docs = _docs(cls)
    signature = inspect.signature(cls, eval_str=True)
    _refuse_catch_all(cls, signature)
    knobs = [p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    return {knob.name: _parameter(cls, knob, docs.get(knob.name, "")) for knob in knobs}


def parse(parameter: Parameter, text: str) -> Value:
    """The value a person typed for ``parameter``; raises ``UsageError`` where it does not fit the type."""
    return check(parameter, read(parameter.type, text))


def check(parameter: Parameter, value: object) -> Value:
    """``value`` as the type of ``parameter`` (an int is taken for a float, a list for a tuple), or ``UsageError``."""
    try:
        return convert(parameter.type, value)
    except ValueError:
        found = f"'{value}'" if isinstance(value, str) else str(value)
        message = f"{parameter.name} = {found} is not {parameter.type_name}"
        raise UsageError(message, f"the default is {parameter.default!r}") from None


def find(parameters: Parameters, name: str, owner: str) -> Parameter:
    """The knob ``name`` of ``owner``, or ``UsageError`` with the nearest knob and the list of all."""
    if name not in parameters:
        raise unknown(f"{owner} has no knob '{name}'", name, parameters, "knobs")
    return parameters[name]


def resolve(parameters: Parameters, given: Mapping[str, object], owner: str) -> dict[str, Value]:
    """All knobs of ``owner``: the given values, checked, and the defaults of the others."""
    for name in given:
        find(parameters, name, owner)
    return {
        name: check(parameter, given[name]) if name in given else parameter.default
        for name, parameter in parameters.items()
    }


def unknown(message: str, name: str, known: Iterable[str], noun: str) -> UsageError:
    """A ``UsageError`` that suggests the nearest known name and lists them all."""
    names = list(known)
    listing = f"{noun}: {', '.join(names)}" if names else f"there are no {noun}"
    return UsageError(message, f"{did_you_mean(name, names)}{listing}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that names the nearest known name, ready to stand before more; empty where none is near.

    >>> did_you_mean("lpba4", ["lpba40", "mindboggle"]), did_you_mean("x", ["lpba40"])
    ("did you mean 'lpba40'? ", '')
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean '{close[0]}'? " if close else ""


def _has_own_constructor(cls: type) -> bool:
    """False for a class that only inherits torch's or object's ``__init__``, whose ``*args`` mean nothing."""
    owner = next(base for base in cls.__mro__ if "__init__" in vars(base))
    return owner is not object and owner.__module__.partition(".")[0] != "torch"


def _refuse_catch_all(cls: type, signature: inspect.Signature) -> None:
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise _author(cls, f"takes '{parameter}'", "name every knob after a bare *")


def _parameter(cls: type, knob: inspect.Parameter, doc: str) -> Parameter:
    if knob.annotation is knob.empty or knob.default is knob.empty:
        raise _author(cls, f"knob '{knob.name}' lacks a type or a default", "write 'name: type = default'")
    if knob.name in RESERVED:
        raise _author(cls, f"knob '{knob.name}' has a reserved name", "rename it")
    if not check_type(knob.annotation):
        raise _author(
            cls, f"knob '{knob.name}' is {knob.annotation}", "use bool, int, float, str, Literal or a tuple"
        )
    try:
        return Parameter(knob.name, knob.annotation, convert(knob.annotation, knob.default), doc)
    except ValueError:
        raise _author(
            cls, f"knob '{knob.name}' has a default of another type", "correct the default"
        ) from None


def _author(cls: type, found: str, remedy: str) -> UnavailableError:
    return UnavailableError(f"{cls.__module__}.{cls.__qualname__} {found}", f"for its author: {remedy}")


def _docs(cls: type) -> dict[str, str]:
    """``name: text`` lines under ``Knobs:`` in the class docstring; deeper indented lines continue the one above."""
    _, _, section = (inspect.getdoc(cls) or "").partition("Knobs:\n")
    docs: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if not line.startswith("    "):
            break
        start = re.match(r" {4}(\w+): (.*)", line)
        name = start[1] if start else name
        docs[name] = start[2] if start else f"{docs.get(name, '')} {line.strip()}"
    return docs
