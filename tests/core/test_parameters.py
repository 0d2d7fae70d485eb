"""Knobs are read from signatures; typed text is read strictly."""

from dataclasses import fields
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.errors import UnavailableError, UsageError
from contreg_core.parameters import Parameter, check, find, parameters_of, parse, resolve
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.scheme import Augmentation, Scheme


class Kernel:
    """A thing with knobs.

    Knobs:
        width: how wide,
            in voxels.
        mode: how.
    """

    def __init__(
        self, wiring: int, *, width: int = 3, mode: Literal["a", "b"] = "a", sigma: float = 1
    ) -> None:
        self.made = (wiring, width, mode, sigma)


def test_keyword_only_parameters_are_the_knobs() -> None:
    knobs = parameters_of(Kernel)
    assert list(knobs) == ["width", "mode", "sigma"]
    assert knobs["width"] == Parameter("width", int, 3, "how wide, in voxels.")
    assert knobs["mode"].type_name == "one of a, b"
    assert knobs["sigma"].doc == ""
    assert type(knobs["sigma"].default) is float


@pytest.mark.parametrize("cls", [Scheme, Augmentation, Preprocessing])
def test_settings_are_dataclasses_whose_every_field_is_a_described_knob(cls: type) -> None:
    knobs = parameters_of(cls)
    assert list(knobs) == [field.name for field in fields(cls)]  # type: ignore[arg-type]
    assert all(knob.doc for knob in knobs.values())
    assert cls(**{name: knob.default for name, knob in knobs.items()}) == cls()


def test_a_class_without_a_constructor_has_no_knobs() -> None:
    from torch import nn

    class Bare(nn.Module):
        pass

    assert parameters_of(Bare) == {}
    assert parameters_of(object) == {}


def _untyped(self: Any, *, width=3) -> None: ...  # type: ignore[no-untyped-def]
def _required(self: Any, *, width: int) -> None: ...
def _catch_all(self: Any, **knobs: int) -> None: ...
def _positions(self: Any, *wiring: int) -> None: ...
def _object(self: Any, *, width: dict[str, int] = {}) -> None: ...  # noqa: B006
def _optional(self: Any, *, width: int | None = None) -> None: ...
def _reserved(self: Any, *, weight: float = 1.0) -> None: ...
def _wrong_default(self: Any, *, width: int = 1.5) -> None: ...  # type: ignore[assignment]


@pytest.mark.parametrize(
    "constructor",
    [_untyped, _required, _catch_all, _positions, _object, _optional, _reserved, _wrong_default],
)
def test_a_signature_that_is_no_schema_is_refused_with_a_word_to_its_author(constructor: Any) -> None:
    cls = type("Wrong", (), {"__init__": constructor})
    with pytest.raises(UnavailableError, match=r"Wrong .*author"):
        parameters_of(cls)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "7", 7),
        (int, " 7 ", 7),
        (float, "7", 7.0),
        (float, "1e-4", 1e-4),
        (bool, "true", True),
        (bool, "False", False),
        (str, "7", "7"),
        (str, "a=b", "a=b"),
        (Literal["adam", "adamw"], "adamw", "adamw"),
        (Literal[1, 2], "2", 2),
        (tuple[int, ...], "80,96,80", (80, 96, 80)),
        (tuple[int, ...], "[80, 96]", (80, 96)),
        (tuple[int, ...], "80", (80,)),
        (tuple[int, ...], "", ()),
        (tuple[int, ...], "()", ()),
        (tuple[float, ...], "1,2.5", (1.0, 2.5)),
        (tuple[float, float], "0.9,0.99", (0.9, 0.99)),
    ],
)
def test_text_becomes_a_value_of_the_type(kind: Any, text: str, value: object) -> None:
    parsed = parse(Parameter("knob", kind, 0), text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "7.0"),
        (int, "true"),
        (int, "seven"),
        (int, ""),
        (float, "nan"),
        (float, "1e999"),
        (float, "9" * 400),
        (float, "__import__('os')"),
        (float, "(" * 5000),
        (bool, "1"),
        (bool, "yes"),
        (Literal["adam", "adamw"], "sgd"),
        (Literal[1, 2], "true"),
        (tuple[int, ...], "1,2.5"),
        (tuple[float, float], "0.9"),
        (tuple[float, float], "0.9,inf"),
    ],
)
def test_text_of_another_type_is_refused(kind: Any, text: str) -> None:
    with pytest.raises(UsageError, match="knob = "):
        parse(Parameter("knob", kind, 0), text)


SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(SCALARS | st.lists(st.integers()).map(tuple))
def test_what_python_prints_is_read_back(value: Any) -> None:
    kind = tuple[int, ...] if isinstance(value, tuple) else type(value)
    assert parse(Parameter("knob", kind, value), str(value)) == value


@given(st.text(), st.sampled_from([int, float, bool, Literal["a"], tuple[int, ...], tuple[float, float]]))
def test_any_text_is_a_value_or_a_usage_error(text: str, kind: Any) -> None:
    parameter = Parameter("knob", kind, 0)
    try:
        value = parse(parameter, text)
    except UsageError:
        return
    assert check(parameter, value) == value


def test_a_wrong_name_is_answered_with_the_nearest_and_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        find(parameters_of(Kernel), "widht", "loss 'kernel'")
    assert caught.value.message == "loss 'kernel' has no knob 'widht'"
    assert caught.value.hint == "did you mean 'width'? knobs: width, mode, sigma"
    with pytest.raises(UsageError, match="there are no knobs"):
        find({}, "width", "loss 'bare'")


def test_resolving_fills_in_defaults_and_checks_what_is_given() -> None:
    assert resolve(parameters_of(Kernel), {"sigma": 2}, "it") == {"width": 3, "mode": "a", "sigma": 2.0}
    with pytest.raises(UsageError, match="width = 'x' is not int"):
        resolve(parameters_of(Kernel), {"width": "x"}, "it")
