"""The words for what sets two recipes apart."""

from contreg_core.recipe.difference import difference

BEFORE = 'name = "a"\n[training]\nsteps = 3\nseed = 0\n'


def test_the_paths_that_differ_are_named() -> None:
    assert difference(BEFORE, BEFORE) == ""
    assert difference(BEFORE, BEFORE.replace("3", "6")) == "training.steps = 3, now 6"
    assert difference(BEFORE, 'name = "a"\n[training]\nsteps = 3\n') == "training.seed = 0, now absent"


def test_what_is_no_toml_has_no_difference_to_tell() -> None:
    assert difference("spam", BEFORE) == ""
