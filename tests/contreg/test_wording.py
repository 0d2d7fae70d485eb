"""A Python program reads of arguments it can give, the shell of options it has."""

import inspect
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contreg
from contreg.wording import OPTION, in_python

FUNCTIONS = (
    contreg.register, contreg.segment, contreg.prepare, contreg.fit,
    contreg.load, contreg.evaluate, contreg.compare, contreg.report,
)  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.__name__)
def test_what_an_error_names_is_an_argument(function: object, tmp_path: Path) -> None:
    """Whatever is wrong, no option is named that is not marked as the shell's or part of a command line."""
    wrong = {"register": ("a.nii.gz", "b.nii.gz"), "compare": ([tmp_path / "none"],), "evaluate": ("none",)}
    arguments = wrong.get(function.__name__, (str(tmp_path / "nothing"),))
    with pytest.raises(contreg.ContregError) as caught:
        function(*arguments)
    told = str(caught.value)
    assert "contreg " in told or not [one for one in OPTION.finditer(told) if "(in the shell)" not in told]


def test_a_remedy_names_the_argument() -> None:
    with pytest.raises(contreg.ContregError, match="name one with data"):
        contreg.evaluate("none")
    with pytest.raises(contreg.ContregError, match="leave out refine"):
        contreg.load("svf-adam", refine=3)


@given(st.text(alphabet="abc -=", max_size=30).filter(lambda text: "--" not in text))
def test_text_without_options_stays(text: str) -> None:
    assert in_python(text, frozenset({"abc"})) == text


def test_every_argument_that_is_an_option_is_told_so() -> None:
    known = frozenset(inspect.signature(contreg.register).parameters)
    assert in_python("use --affine none, or leave out --refine", known) == (
        "use alignment='none', or leave out refine"
    )
    assert in_python("--seed 3", known) == "seed=3"
    assert in_python("add --magnitude", known) == "add --magnitude (in the shell)"
