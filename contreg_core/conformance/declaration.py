"""Laws of the class itself: what help pages, recipes and the core read off it."""

import inspect
from contextlib import suppress
from typing import Any, Literal, get_args, get_origin

from contreg_core.components import Component
from contreg_core.conformance.case import Case
from contreg_core.conformance.law import LeftOutError, demand, laws, listing
from contreg_core.conformance.partners import RESOLUTIONS
from contreg_core.conformance.samples import BOTH
from contreg_core.errors import ContregError
from contreg_core.house import SEEDS, put_back
from contreg_core.parameters import parameters_of
from contreg_core.plugins import checked_component

AnyCase = Case[Any]


def is_a_component(case: AnyCase) -> None:
    """A concrete class of one kind, with a name, frozen sets of facts, wiring by position and knobs by keyword."""
    checked_component(case.cls)


def can_be_made(case: AnyCase) -> None:
    """The constructor takes the wiring of its kind in 2-D and in 3-D, with every knob at its default."""
    for ndim in BOTH:
        part = case.make(ndim)
        demand("_modules" in vars(part), "its constructor does not call super().__init__()")


def leaves_the_house_as_it_is(case: AnyCase) -> None:
    """Being made and asked changes nothing for everybody: default dtype, grad mode, threads, warnings."""
    with put_back() as changed, suppress(Exception):  # what fails is another law's
        case.answer(case.make(2), 2)
    found = [name for name in changed if name != SEEDS]  # weights are drawn
    demand(not found, f"it changed {listing(found)}")


def is_documented(case: AnyCase) -> None:
    """A docstring says what it does, and its section "Knobs:" has a line for every knob."""
    demand_documented(case.cls)


def demand_documented(cls: type) -> None:
    """Raise where a person who asks ``contreg show`` would learn nothing."""
    text = inspect.getdoc(cls) if cls.__doc__ else ""
    demand(text and not text.startswith("Knobs:"), "no docstring of its own")
    silent = [name for name, knob in parameters_of(cls).items() if not knob.doc]
    demand(not silent, f"no line under 'Knobs:' for {listing(silent)}")


def facts_follow_the_class(case: AnyCase) -> None:
    """An instance gives no more than ``gives`` of its class and needs no less than ``needs``, or another resolution."""
    for ndim in BOTH:
        part: Component = case.make(ndim)
        more, less = part.given() - part.gives, part.needs - part.needed()
        less -= RESOLUTIONS if part.needed() & RESOLUTIONS else set()
        demand(not more, f"given() has {listing(more)}, which gives = {listing(part.gives)} does not")
        demand(not less, f"needed() lacks {listing(less)}, which needs = {listing(part.needs)} has")


def every_choice_answers(case: AnyCase) -> None:
    """Every value of a bool or Literal knob gives a component that answers, or a ValueError that says why not."""
    choices = {name: _choices(knob.type) for name, knob in parameters_of(case.cls).items()}
    if not any(choices.values()):
        raise LeftOutError("it has no bool or Literal knob")
    for name, values in choices.items():
        for value in values:
            _try_choice(case, name, value)


def _try_choice(case: AnyCase, name: str, value: object) -> None:
    try:
        part = case.make(2, **{name: value})
    except (ValueError, ContregError):
        return
    try:
        finite = all(bool(tensor.isfinite().all()) for tensor in case.answer(part, 2))
    except Exception as error:
        demand(False, f"{name} = {value!r}: {type(error).__name__}: {error}")
        return
    demand(finite, f"{name} = {value!r}: an answer that is not finite")


def _choices(annotation: Any) -> tuple[object, ...]:
    if annotation is bool:
        return (False, True)
    return get_args(annotation) if get_origin(annotation) is Literal else ()


DECLARATION = [
    *laws(is_a_component, can_be_made, decisive=True),
    *laws(is_documented, facts_follow_the_class),
]
CHOICES = laws(every_choice_answers, leaves_the_house_as_it_is)
