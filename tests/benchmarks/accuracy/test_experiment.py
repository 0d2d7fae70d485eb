"""Experiment files: every variant of the committed ones can be built, and its commands can be given."""

from pathlib import Path

import pytest

from benchmarks.accuracy.experiment import HERE, Experiment, Trial, Variant, read_experiment
from benchmarks.accuracy.work import Place, evaluate_command, fit_command, learned
from contreg_cli.main import cli
from contreg_core.errors import ContregError, UsageError
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import build, build_solver, override

CATALOGUE = load_catalogue(plugins=False)
FILES = sorted(HERE.glob("*.toml"))
TRIALS = {
    f"{trial.experiment.name}/{trial.variant.name}": trial
    for path in FILES
    for trial in read_experiment(path).trials()
}


def experiment(**changes: object) -> Experiment:
    variants = (Variant(name="a", recipe="contrastive-vae"), Variant(name="b", run="a", refine=5))
    given: dict[str, object] = {"name": "e", "question": "", "base": "a", "variants": variants, "steps": 3}
    return Experiment(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS.keys())
def test_every_variant_can_be_built(trial: Trial) -> None:
    recipe = override(CATALOGUE.recipe(trial.trained.recipe), trial.settings, CATALOGUE)
    if learned(trial, CATALOGUE):
        build(recipe, CATALOGUE)
    else:
        build_solver(recipe, CATALOGUE)


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS.keys())
def test_every_variant_makes_commands_that_are_understood(trial: Trial) -> None:
    place, run = Place(), learned(trial, CATALOGUE)
    commands = [evaluate_command(trial, place, trial.data, "validation", run=run)]
    for name, *options in [*commands, *([fit_command(trial, place)] if run else [])]:
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        # click keeps the help option of a command's first use, so this one has to be like the program's.
        command.make_context(name, list(options), **cli.context_settings)


def test_no_two_trials_share_a_key_nor_two_trainings_a_run() -> None:
    every = [trial for path in FILES for trial in read_experiment(path).trials()]
    told = {(one.key, tuple(one.variant.predicting), fit_of(one)) for one in every}
    assert len(told) == len({one.key for one in every})
    assert len({(one.run, fit_of(one)) for one in every}) == len({one.run for one in every})


def fit_of(trial: Trial) -> str:
    """The training without its folder."""
    command = fit_command(trial, Place())
    place = command.index("--run")
    return " ".join(command[:place] + command[place + 2 :])


def test_what_predicts_by_another_run_shares_it() -> None:
    first, second = experiment().trials()
    assert (first.run, first.key) == (second.run, first.key)
    assert second.key != first.key


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 7},
        {"settings": ("training.ema=0",)},
        {"round": 2},
        {"data": ("mindboggle",)},
        {"seeds": (5,)},
    ],
    ids=str,
)
def test_whatever_changes_the_training_changes_the_run(changes: dict[str, object]) -> None:
    (before, _), (after, _) = experiment().trials(), experiment(**changes).trials()
    assert before.run != after.run


def test_the_base_comes_first() -> None:
    assert next(iter(experiment(base="b").trials())).variant.name == "b"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": 0}, "one of budget and steps"),
        ({"budget": "3m"}, "one of budget and steps"),
        ({"base": "c"}, "no variant 'c'"),
        ({"variants": (Variant(name="a"), Variant(name="a"))}, "comes twice"),
        ({"report": "best"}, "report = 'best'"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        experiment(**changes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base = 'a'\nsteps = 1\nquestion = ''\nseed = 3", "did you mean 'seeds'"),
        ("base = 'a'\nsteps = 1\nquestion = ''\n[[variant]]\nname = 'a'\nset = []", "there is no 'set'"),
        ("steps = 1\nquestion = ''", "base"),
        ("base = ", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_says_what(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ContregError) as caught:
        read_experiment(path)
    assert said in f"{caught.value.message} {caught.value.hint}"
