"""Recipes: exact as TOML, changed from the shell, refused where parts do not fit."""

from contextlib import suppress
from dataclasses import fields, replace
from typing import Any, Literal, get_args, get_origin

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from contreg_core.catalogue import Catalogue, Contribution
from contreg_core.components import Decoder, Encoder, Loss, Warper
from contreg_core.errors import DataError, MismatchError, UsageError
from contreg_core.parameters import parameters_of
from contreg_core.recipe import Choice, Recipe, Term, build, dump_recipe, load_recipe, override, resolve
from contreg_core.recipe.nouns import FORMS, SECTIONS
from contreg_core.types import Displacement, Embeddings, Encoding, Field, Pair, Registration

# ---------------------------------------------------------------- a small house of components


class Plain(Encoder):
    """Stacks the pair.

    Knobs:
        copies: how often.
    """

    name = "plain"
    channels: tuple[int, ...] = (2,)
    multiple = 1

    def __init__(self, image_channels: int, ndim: int, *, copies: int = 1) -> None:
        super().__init__()
        if copies < 1:
            raise ValueError("copies must be 1 or more")
        self.channels = (2 * image_channels,) * copies
        self.ndim = ndim

    def forward(self, pair: Pair) -> Encoding:
        return Encoding((torch.cat([pair.moving, pair.fixed], 1),))


class Rich(Plain):
    """Gives embeddings too.

    Knobs:
        project: whether it does.
    """

    name = "rich"
    gives = frozenset({"embeddings"})

    def __init__(self, image_channels: int, ndim: int, *, project: bool = True) -> None:
        super().__init__(image_channels, ndim)
        self.project = project

    def given(self) -> frozenset[str]:
        return self.gives if self.project else frozenset()

    def forward(self, pair: Pair) -> Encoding:
        means = [image.mean((2, 3, 4)) for image in (pair.moving, pair.fixed)]
        return replace(super().forward(pair), embeddings=Embeddings(*means))


class Still(Decoder):
    """Never moves."""

    name = "still"

    def __init__(self, channels: tuple[int, ...], ndim: int) -> None:
        super().__init__()
        self.channels, self.ndim = channels, ndim

    def forward(self, encoding: Encoding) -> Field:
        level = encoding.features[0]
        return Field(level.new_zeros(len(level), self.ndim, *level.shape[2:]))


class Needy(Still):
    """Wants halves."""

    name = "needy"
    needs = frozenset({"paired"})


class Same(Warper):
    """The field is the displacement."""

    name = "same"

    def forward(self, values: Tensor, field: Field) -> Displacement:
        return values


class Difference(Loss):
    """Mean difference.

    Knobs:
        power: exponent.
        reduce: how.
        windows: sizes.
    """

    name = "difference"

    def __init__(
        self, *, power: float = 2.0, reduce: Literal["mean"] = "mean", windows: tuple[int, ...] = (9,)
    ) -> None:
        super().__init__()
        self.power = power

    def forward(self, registration: Registration) -> Tensor:
        return ((registration.warped - registration.pair.fixed).abs() ** self.power).mean()


class Contrast(Loss):
    """Wants embeddings.

    Knobs:
        temperature: softness.
    """

    name = "contrast"
    needs = frozenset({"embeddings"})

    def __init__(self, *, temperature: float = 0.5) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, registration: Registration) -> Tensor:
        return registration.warped.sum() * self.temperature


CATALOGUE = Catalogue.of(
    [Contribution("toys", "toys", components=(Plain, Rich, Still, Needy, Same, Difference, Contrast))]
)
RECIPE = Recipe(
    name="toy",
    summary="A toy.",
    parts={"encoder": Choice("plain"), "decoder": Choice("still"), "warper": Choice("same")},
    losses={"difference": Term(1.0, Choice("difference"))},
)


# ---------------------------------------------------------------- TOML

NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.booleans() | st.integers() | FLOATS | TEXTS
KNOBS = st.dictionaries(
    NAMES.filter(lambda name: name not in {"name", "weight", "component"}),
    SCALARS | st.lists(SCALARS).map(tuple),
    max_size=4,
)
CHOICES = st.builds(Choice, TEXTS, KNOBS)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a knob's type."""
    simple = {bool: st.booleans(), int: st.integers(), float: FLOATS, str: TEXTS}
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is tuple:
        items = get_args(kind)
        return st.lists(values_of(items[0])).map(tuple) if ... in items else st.tuples(*map(values_of, items))
    return simple[kind]


@st.composite
def settings_of(draw: st.DrawFn, cls: type) -> Any:
    """Settings with any values their own checks let pass."""
    settings = cls()
    for name, knob in parameters_of(cls).items():
        with suppress(UsageError):
            settings = replace(settings, **{name: draw(values_of(knob.type))})
    return settings


RECIPES = st.builds(
    Recipe,
    name=TEXTS,
    summary=TEXTS,
    parts=st.sampled_from(list(FORMS.values())).flatmap(
        lambda slots: st.tuples(*[CHOICES for _ in slots]).map(
            lambda parts: dict(zip(slots, parts, strict=True))
        )
    ),
    losses=st.dictionaries(NAMES, st.builds(Term, st.floats(1e-9, 1e9), CHOICES), max_size=3),
    **{name: settings_of(cls) for name, cls in SECTIONS.items()},
)


@given(RECIPES)
def test_toml_round_trip_is_exact(recipe: Recipe) -> None:
    again = load_recipe(dump_recipe(recipe))
    assert again == recipe
    assert repr(again) == repr(recipe)


MINIMAL = """
encoder.name = "plain"
decoder.name = "still"
warper.name = "same"
[loss.difference]
"""


def test_a_short_file_takes_defaults() -> None:
    assert load_recipe(MINIMAL) == replace(RECIPE, name="", summary="")


def test_a_term_may_be_called_otherwise_than_its_loss() -> None:
    recipe = load_recipe(MINIMAL + 'component = "contrast"\nweight = 2\ntemperature = 0.1')
    assert recipe.losses == {"difference": Term(2.0, Choice("contrast", {"temperature": 0.1}))}


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("[trianing]", "no 'trianing'.*did you mean 'training'"),
        ("[training]\nstep = 1", "no knob 'step'.*did you mean 'steps'"),
        ("[training]\nsteps = 1.5", "steps = 1.5 is not int"),
        ('[training]\noptimiser = "sgd"', "one of adam, adamw"),
        ("[loss.other]\nweight = 0", "not a positive number"),
        ("[loss.other]\nweight = nan", "not a value"),
        ("[loss.other]\nwindow = inf", "not a value"),
        ("[loss.other]\nwindow = {a = 1}", "not a value"),
        ("[loss.other]\nwindow = [[1], [2]]", "not a value"),
        ("[loss.other]\ncomponent = 3", "not text"),
        ('[loss."a.b"]', "cannot name a term"),
        ("[loss]\nother = 3", "not a table"),
    ],
)
def test_what_does_not_belong_is_refused(addition: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_recipe(MINIMAL.replace("[loss.difference]", "") + addition)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("encoder = ", DataError),
        (MINIMAL.replace('encoder.name = "plain"', ""), UsageError),
        (MINIMAL.replace("encoder.name", "encoder.knob"), UsageError),
        (MINIMAL.replace('encoder.name = "plain"', "encoder = 3"), UsageError),
        ("name = 3\n" + MINIMAL, UsageError),
    ],
)
def test_half_a_recipe_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        load_recipe(text)


# ---------------------------------------------------------------- -s path=value


def changed(*settings: str, recipe: Recipe = RECIPE) -> Recipe:
    return override(recipe, settings, CATALOGUE)


def test_nothing_set_nothing_changed() -> None:
    assert changed() == RECIPE


def test_a_changed_component_resets_its_knobs_an_unchanged_one_keeps_them() -> None:
    turned = changed("encoder.copies=3")
    assert turned.parts["encoder"] == Choice("plain", {"copies": 3})
    assert changed("encoder=plain", recipe=turned) == turned
    assert changed("encoder=rich", recipe=turned).parts["encoder"] == Choice("rich")
    assert changed("encoder.copies=3", "encoder=rich", "encoder=plain") == RECIPE


def test_later_wins() -> None:
    assert changed("training.steps=1", "training.steps = 2").training.steps == 2


def test_weights_add_change_and_remove_terms() -> None:
    added = changed("loss.contrast.weight=0.5")
    assert added.losses["contrast"] == Term(0.5, Choice("contrast"))
    assert changed("loss.contrast.temperature=0.1").losses["contrast"].weight == 1.0
    assert changed("loss.contrast.weight=0", recipe=added) == RECIPE
    assert changed("loss.difference.weight=0.0").losses == {}
    assert changed("loss.contrast.weight=0") == RECIPE


def test_two_terms_of_one_loss() -> None:
    recipe = changed("loss.fine.component=difference", "loss.fine.power=1", "loss.fine.weight=0.1")
    assert recipe.losses["fine"] == Term(0.1, Choice("difference", {"power": 1.0}))
    assert load_recipe(dump_recipe(recipe)) == recipe


def test_sections_take_every_type() -> None:
    recipe = changed("augmentation.crop=80,96,80", "preprocessing.intensity=zscore", "training.betas=0.5,0.9")
    assert recipe.augmentation.crop == (80, 96, 80)
    assert recipe.preprocessing.intensity == "zscore"
    assert recipe.training.betas == (0.5, 0.9)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.steps", "has no '='"),
        ("trainign.steps=1", "did you mean 'training'"),
        ("training=1", "is not a setting"),
        ("loss.difference=1", "is not a setting"),
        ("encoder=palin", "did you mean 'plain'"),
        ("encoder.copy=2", "did you mean 'copies'"),
        ("encoder.copies=two", "copies = 'two' is not int"),
        ("loss.contrast.temprature=1", "did you mean 'temperature'"),
        ("loss.contrats.weight=1", "did you mean 'contrast'"),
        ("loss.difference.weight=-1", "not a positive number"),
        ("loss.difference.weight=much", "not a positive number"),
        ("loss.Difference.weight=1", "cannot name a term"),
        ("augmentation.crop=big", "crop = 'big' is not int, "),
        ("=", "a recipe has no ''"),
    ],
)
def test_a_setting_that_does_not_fit_is_answered(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        changed(setting)


@given(st.text(st.sampled_from("encodrls.=t019ig-_ aw")))
def test_any_setting_is_a_recipe_or_a_usage_error(setting: str) -> None:
    with suppress(UsageError):
        assert isinstance(changed(setting), Recipe)


@given(st.data())
def test_every_setting_of_a_section_can_be_typed(data: st.DataObject) -> None:
    section = data.draw(st.sampled_from(sorted(SECTIONS)))
    expected = data.draw(settings_of(SECTIONS[section]))
    typed = [f"{section}.{field.name}={getattr(expected, field.name)}" for field in fields(expected)]
    assert getattr(changed(*typed), section) == expected


# ---------------------------------------------------------------- build


def test_build_makes_a_model_that_registers_and_an_objective_that_scores() -> None:
    model, objective = build(changed("loss.difference.weight=2"), CATALOGUE)
    pair = Pair(torch.zeros(1, 1, 4, 5, 6), torch.ones(1, 1, 4, 5, 6))
    assert float(objective(model(pair)).total) == 2.0


def test_wiring_reaches_the_components() -> None:
    model, _ = build(changed("encoder.copies=2"), CATALOGUE, image_channels=3, ndim=2)
    assert (model.decoder.channels, model.encoder.ndim) == ((6, 6), 2)


def test_resolving_spells_out_every_knob_and_is_idempotent() -> None:
    resolved = resolve(changed("loss.difference.power=3"), CATALOGUE)
    assert resolved.losses["difference"].choice.knobs == {"power": 3.0, "reduce": "mean", "windows": (9,)}
    assert resolve(resolved, CATALOGUE) == resolved == load_recipe(dump_recipe(resolved))


def test_an_unmet_need_names_both_sides_and_what_to_try() -> None:
    with pytest.raises(MismatchError) as caught:
        build(changed("loss.contrast.weight=1"), CATALOGUE)
    assert caught.value.message == "loss 'contrast' needs embeddings, which encoder 'plain' does not give"
    assert caught.value.hint == "try -s encoder=rich"


def test_a_met_need_builds() -> None:
    build(changed("encoder=rich", "loss.contrast.weight=1"), CATALOGUE)


def test_a_need_that_a_knob_switched_off_says_so() -> None:
    with pytest.raises(MismatchError, match="gives only with other knobs"):
        build(changed("encoder=rich", "encoder.project=false", "loss.contrast.weight=1"), CATALOGUE)


def test_a_need_nobody_meets_says_so() -> None:
    with pytest.raises(MismatchError, match="needs paired, which no installed component gives"):
        build(changed("decoder=needy"), CATALOGUE)


def test_a_recipe_without_a_loss_is_refused() -> None:
    with pytest.raises(UsageError, match="has no loss"):
        build(changed("loss.difference.weight=0"), CATALOGUE)


def test_a_value_the_constructor_refuses_is_the_users_error() -> None:
    with pytest.raises(UsageError, match=r"encoder 'plain': copies must be 1 or more.*copies=0"):
        build(changed("encoder.copies=0"), CATALOGUE)


def test_a_file_with_a_wrong_knob_is_refused_when_built() -> None:
    recipe = load_recipe(MINIMAL + "powr = 1")
    with pytest.raises(UsageError, match="did you mean 'power'"):
        build(recipe, CATALOGUE)
