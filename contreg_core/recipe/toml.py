"""Recipes as TOML, both ways: ``load_recipe(dump_recipe(recipe)) == recipe``."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import tomli_w

from contreg_core.errors import DataError, UsageError
from contreg_core.parameters import NAME, parameters_of, resolve, unknown
from contreg_core.recipe.nouns import FORMS, SECTIONS, SLOTS, Choice, Recipe, Slot, Term
from contreg_core.values import Value, convert, plain

_KEYS = ("name", "summary", *SLOTS, "loss", *SECTIONS)


def load_recipe(text: str) -> Recipe:
    """A recipe from TOML text. Component names and knobs are checked later, against a catalogue.

    Raises ``DataError`` for text that is not TOML, ``UsageError`` for a key or value that does not belong.
    """
    try:
        _refuse_nonsense(text)
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"the recipe is not valid TOML: {error}", "correct that line") from error
    _refuse_unknown(table, _KEYS, "the recipe")
    sections: dict[str, Any] = {key: cls(**_settings(key, cls, table)) for key, cls in SECTIONS.items()}
    return Recipe(
        name=_text(table, "name"),
        summary=_text(table, "summary"),
        parts={slot: _choice(slot, _table(table[slot], slot)) for slot in _slots(table)},
        losses={key: _term(key, _table(value, f"loss.{key}")) for key, value in _loss(table).items()},
        **sections,
    )


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as TOML text."""
    table: dict[str, Any] = {"name": recipe.name, "summary": recipe.summary}
    for slot in FORMS[recipe.form]:
        table[slot] = {"name": recipe.parts[slot].name, **recipe.parts[slot].knobs}
    table["loss"] = {key: _term_table(key, term) for key, term in recipe.losses.items()}
    table.update({key: asdict(getattr(recipe, key)) for key in SECTIONS})
    return tomli_w.dumps(table)


def check_name(name: str, what: str) -> str:
    """``name`` if it is lower-case letters, digits, ``-`` and ``_``; such names need no quotes anywhere."""
    if not re.fullmatch(NAME, name):
        raise UsageError(f"'{name}' cannot name {what}", "use lower-case letters, digits, - and _")
    return name


_LIGHTEST, _HEAVIEST = 1e-9, 1e9
"""Of a term's weight: beyond these float32 loses the other terms, or itself."""
_LONGEST = 100_000
_LONGEST_LINE = 10_000


def _refuse_nonsense(text: str) -> None:
    """The parser takes memory by the square of a dotted key's length; no recipe comes near these."""
    if len(text) > _LONGEST or any(len(line) > _LONGEST_LINE for line in text.splitlines()):
        raise DataError(
            f"a recipe of {len(text)} characters, expected {_LONGEST} at most and lines of {_LONGEST_LINE}",
            "give a recipe file, such as the recipe.toml of a run",
        )


def _term_table(key: str, term: Term) -> dict[str, Value]:
    component = {} if term.choice.name == key else {"component": term.choice.name}
    return {"weight": term.weight, **component, **term.choice.knobs}


def _term(key: str, table: Mapping[str, object]) -> Term:
    check_name(key, "a term")
    knobs = _plain(f"loss.{key}", table)
    name = _string(knobs.pop("component", key), f"loss.{key}.component")
    return Term(weight(key, knobs.pop("weight", 1.0)), Choice(name, knobs))


def weight(key: str, value: object) -> float:
    """A term's weight as a positive float, or ``UsageError``."""
    try:
        number = convert(float, value)
    except ValueError:
        number = -1.0
    if not isinstance(number, float) or number <= 0:
        raise UsageError(
            f"loss.{key}.weight = {value} is not a positive number", "leave the term out instead"
        )
    if not _LIGHTEST <= number <= _HEAVIEST:
        raise UsageError(
            f"loss.{key}.weight = {value}, expected {_LIGHTEST:g} to {_HEAVIEST:g}",
            "only the ratio of the weights counts; most lie about 1",
        )
    return number


def _choice(slot: str, table: Mapping[str, object]) -> Choice:
    knobs = _plain(slot, table)
    if "name" not in knobs:
        raise UsageError(f"the recipe's [{slot}] has no name", f'add name = "..." to [{slot}]')
    return Choice(_string(knobs.pop("name"), f"{slot}.name"), knobs)


def _settings(key: str, cls: type, table: Mapping[str, object]) -> dict[str, Value]:
    given = _table(table.get(key, {}), key)
    return resolve(parameters_of(cls), given, f"[{key}]")


def _plain(where: str, table: Mapping[str, object]) -> dict[str, Value]:
    knobs = {}
    for key, value in table.items():
        try:
            knobs[key] = plain(value)
        except ValueError:
            raise UsageError(
                f"{where}.{key} = {value} is not a value of a knob", "use numbers, words or lists"
            ) from None
    return knobs


def _loss(table: Mapping[str, object]) -> Mapping[str, object]:
    return _table(table.get("loss", {}), "loss")


def _slots(table: Mapping[str, object]) -> tuple[Slot, ...]:
    """The components of the recipe's form; the form is told by a section that no other form has."""
    own = [[slot for slot in slots if slot != "warper" and slot in table] for slots in FORMS.values()]
    forms = [(slots, told) for slots, told in zip(FORMS.values(), own, strict=True) if told]
    if len(forms) > 1:
        first, second = (told[0] for _, told in forms[:2])
        raise UsageError(f"the recipe has [{first}] beside [{second}]", "leave out one of them")
    slots = forms[0][0] if forms else FORMS["learned"]
    for slot in slots:
        if slot not in table:
            raise UsageError(f"the recipe has no [{slot}]", f"add [{slot}] with a name")
    return slots


def _table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UsageError(f"{where} = {value} is not a table", f"write [{where}] on a line of its own")
    return value


def _text(table: Mapping[str, object], key: str) -> str:
    return _string(table.get(key, ""), key)


def _string(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{where} = {value} is not text", 'put it in quotes: "..."')
    return value


def _refuse_unknown(table: Iterable[str], known: Iterable[str], owner: str) -> None:
    for key in table:
        if key not in known:
            raise unknown(f"{owner} has no '{key}'", key, known, "keys")
