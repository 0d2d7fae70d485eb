"""Loading plugins from real metadata on the path: what is broken is a line, what clashes is an error."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contreg_core import plugins
from contreg_core.components import KINDS
from contreg_core.errors import MismatchError, UnavailableError, UsageError
from contreg_core.plugins import Catalogue, installed_plugins, load_catalogue

Install = Callable[..., None]

LOSS = """
from contreg_core.components import Loss
from contreg_core.hookspecs import hookimpl

class Guest(Loss):
    "A guest."
    name = "{name}"
    def forward(self, registration):
        return registration.warped.mean()

@hookimpl
def contreg_components():
    return [Guest]
"""
HOOK = "from contreg_core.hookspecs import hookimpl\n@hookimpl\ndef {hook}(): {body}\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution with one module and one entry point on the path, as pip would."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv(plugins.ALLOW_VARIABLE, raising=False)

    def install(distribution: str, code: str, entry: str = "") -> None:
        module = f"{distribution}_{tmp_path.name}".replace("-", "_")
        monkeypatch.delitem(sys.modules, module, raising=False)
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{distribution}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[contreg]\n{entry or distribution} = {module}\n")

    return install


def reasons(catalogue: Catalogue) -> dict[str, str]:
    return {broken.distribution: broken.reason for broken in catalogue.broken}


def test_the_built_ins_come_in_by_the_same_door() -> None:
    catalogue = load_catalogue(plugins=False)
    assert catalogue.broken == ()
    assert set(catalogue.owners.values()) == {"contreg"}
    assert {cls.kind for cls in catalogue.components()} == set(KINDS)
    assert catalogue.recipes()
    assert catalogue.cohorts()


def test_a_guest_is_found_with_its_owner(install: Install) -> None:
    install("guest", LOSS.format(name="guest"))
    catalogue = load_catalogue()
    assert catalogue.component("loss", "guest").name == "guest"
    assert catalogue.owners["loss", "guest"] == "guest"
    assert catalogue.broken == ()


OWN = 'name = "own"\nsummary = "s"\nencoder.name = "a"\ndecoder.name = "b"\nwarper.name = "svf"\n'
"""A recipe."""
BROKEN = {
    "does not parse": ("def", "SyntaxError"),
    "raises": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "imports what is not there": ("import nowhere_to_be_found", "ModuleNotFoundError"),
    "exits": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "misspells a hook": (HOOK.format(hook="contreg_component", body="return []"), "contreg_component"),
    "asks too much": (
        "from contreg_core.hookspecs import hookimpl\n@hookimpl\ndef contreg_recipes(x): ...",
        "x",
    ),
    "fails in a hook": (HOOK.format(hook="contreg_recipes", body="return 1 / 0"), "ZeroDivisionError"),
    "returns an object": (HOOK.format(hook="contreg_components", body="return [3]"), "3 is not an encoder"),
    "returns an odd class": (
        HOOK.format(hook="contreg_components", body="return [int]"),
        "int is not an enc",
    ),
    "returns no list": (HOOK.format(hook="contreg_components", body="return 3"), "TypeError"),
    "brings a class that is no cohort": (HOOK.format(hook="contreg_cohorts", body="return [int]"), "no"),
    "brings an unfinished loss": (
        "from contreg_core.components import Loss\n"
        + HOOK.format(hook="contreg_components", body="return [Loss]"),
        "Loss does not define forward",
    ),
    "has no name": (LOSS.replace('name = "{name}"', "pass"), "has no name"),
    "takes anything": (
        LOSS.replace("    def forward", "    def __init__(self, **knobs): ...\n    def forward").format(
            name="g"
        ),
        "takes '\\*\\*knobs'",
    ),
    "is written for a newer interface": (
        "CONTREG_API = 9\n" + LOSS.format(name="g"),
        "written for version 9 of the plugin interface; contreg .* has 1 .*install a newer contreg",
    ),
    "is written for an interface of no number": (
        "CONTREG_API = 'x'\n" + LOSS.format(name="g"),
        "written for version x",
    ),
    "writes a wrong recipe": (
        HOOK.format(hook="contreg_recipes", body="return ['encoder = ']"),
        "not valid TOML",
    ),
    "brings weights of a recipe that is not its own": (
        HOOK.format(hook="contreg_weights", body="from pathlib import Path; return {'theirs': Path('x')}"),
        "weights of 'theirs', no recipe of its own",
    ),
    "brings weights that are not there": (
        HOOK.format(hook="contreg_weights", body="from pathlib import Path; return {'own': Path('/gone')}")
        + HOOK.format(hook="contreg_recipes", body=f"return [{OWN!r}]"),
        "weights of 'own': no file /gone",
    ),
    "brings a number for a recipe": (
        HOOK.format(hook="contreg_recipes", body="return [3]"),
        "3 is not a rec",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_plugin_that(case: str, install: Install) -> None:
    code, reason = BROKEN[case]
    install("bad", code)
    install("good", LOSS.format(name="good"))
    catalogue = load_catalogue()
    assert list(reasons(catalogue)) == ["bad"]
    assert re.search(reason, reasons(catalogue)["bad"])
    assert catalogue.component("loss", "good")


def test_two_owners_of_one_name_are_both_named(install: Install) -> None:
    install("first", LOSS.format(name="same"))
    install("second", LOSS.format(name="same"))
    with pytest.raises(MismatchError, match="loss 'same' is brought by both 'first' and 'second'"):
        load_catalogue()
    assert load_catalogue(allow=["second"]).owners["loss", "same"] == "second"


def test_a_guest_may_not_replace_a_built_in(install: Install) -> None:
    install("guest", LOSS.format(name="lncc"))
    with pytest.raises(MismatchError, match="both 'contreg' and 'guest'"):
        load_catalogue()
    assert load_catalogue(plugins=False).owners["loss", "lncc"] == "contreg"


def test_equal_entry_point_names_of_two_distributions_both_load(install: Install) -> None:
    install("first", LOSS.format(name="one"), entry="models")
    install("second", LOSS.format(name="two"), entry="models")
    catalogue = load_catalogue()
    assert catalogue.owners["loss", "one"] == "first"
    assert catalogue.owners["loss", "two"] == "second"


def test_the_allow_list_takes_entries_and_distributions(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("first", LOSS.format(name="one"), entry="entry-one")
    install("second", "raise RuntimeError('was imported')")
    monkeypatch.setenv(plugins.ALLOW_VARIABLE, "entry-one, misspelt")
    catalogue = load_catalogue()
    assert ("loss", "one") in catalogue.owners
    assert [(broken.entry, broken.reason) for broken in catalogue.broken] == [
        ("misspelt", "allowed, but not installed")
    ]
    assert load_catalogue(allow=["first"]).broken == ()
    monkeypatch.setenv(plugins.ALLOW_VARIABLE, "")
    assert ("loss", "one") not in load_catalogue().owners


def test_listing_imports_nothing(install: Install) -> None:
    install("first", "raise RuntimeError('was imported')", entry="entry-one")
    listed = {plugin.entry: plugin for plugin in installed_plugins(allow=["other"])}
    assert (listed["entry-one"].distribution, listed["entry-one"].version) == ("first", "1.2")
    assert not listed["entry-one"].allowed
    assert listed["models"].allowed
    assert next(iter(listed)) in {"models", "cohorts"}


def test_a_miss_suggests_lists_and_mentions_broken_plugins(install: Install) -> None:
    install("bad", "raise RuntimeError")
    with pytest.raises(UsageError) as caught:
        load_catalogue().component("loss", "lnc")
    assert caught.value.message == "there is no loss 'lnc'"
    assert caught.value.hint.startswith("did you mean 'lncc'? losses: ")
    assert caught.value.hint.endswith("1 plugin could not be loaded, see: contreg plugins check")


def test_a_miss_like_nothing_known_is_most_likely_in_the_plugin_that_broke(install: Install) -> None:
    install("bad", "raise RuntimeError")
    with pytest.raises(UnavailableError, match="there is no recipe 'theirs'.*1 plugin could not be loaded"):
        load_catalogue().recipe("theirs")


def test_strictness_stops_at_a_broken_plugin(install: Install) -> None:
    install("bad", "raise RuntimeError('no licence')")
    with pytest.raises(UnavailableError, match="plugin 'bad' is off: RuntimeError: no licence"):
        load_catalogue(strict=True)
    assert load_catalogue(plugins=False, strict=True).components()


def test_what_a_plugin_prints_is_not_mistaken_for_an_answer(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("chatty", "print('welcome')" + LOSS.format(name="chatty"))
    assert load_catalogue().owners["loss", "chatty"] == "chatty"
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "welcome\n")


def test_loading_is_timed(install: Install) -> None:
    install("guest", LOSS.format(name="guest"))
    (guest,) = (one for one in load_catalogue().contributions if one.distribution == "guest")
    assert guest.seconds > 0


@pytest.mark.parametrize("look", ["recipe", "cohort"])
def test_recipes_and_cohorts_are_looked_up_alike(look: str) -> None:
    catalogue = load_catalogue(plugins=False)
    with pytest.raises(UsageError, match=f"there is no {look} 'nothing'"):
        getattr(catalogue, look)("nothing")
    for thing in getattr(catalogue, f"{look}s")():
        assert getattr(catalogue, look)(thing.name) == thing


def test_importing_and_listing_leave_torch_alone() -> None:
    code = "import sys, contreg_core.plugins as p; p.installed_plugins(); sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
