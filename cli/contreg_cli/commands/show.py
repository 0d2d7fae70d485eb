"""``contreg show``: one recipe, component, cohort or model file in full."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contreg.plugins import load_catalogue
from contreg_cli import completing, options
from contreg_cli.console import print_json, print_table
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

SETTINGS = {
    "learned": ("training", "augmentation", "preprocessing"),
    "rendered": ("training", "rendering", "preprocessing"),
    "solver": ("preprocessing",),
    "supervised": ("training", "augmentation", "preprocessing"),
}
"""The settings a recipe of each form makes use of; rendered is one that learns from label maps."""
_KINDS = ("recipe", "encoder", "decoder", "solver", "warper", "segmenter", "loss", "cohort")


@click.command()
@click.argument("name", shell_complete=completing.things)
@click.option("--kind", type=click.Choice(_KINDS), help="Where one name means several things.")
@options.settings
@options.as_json
def command(name: str, kind: str | None, settings: tuple[str, ...], as_json: bool) -> None:
    """A recipe, component or cohort with all its knobs, or what a run or a model file holds.

    A recipe file (.toml) and --set work as in fit, so that one sees what would be trained. A kind may stand before the
    name, as in settings: loss.lncc. Of a run folder or a file of contreg export: the weights' checksum, data, labels,
    figures, licence and origin (of a folder that is called as a recipe: ./NAME); a recipe that comes trained tells them
    of its weights.
    """
    from contreg.model_files import describe_model, is_model
    from contreg.recipes import is_recipe
    from contreg_cli.model_table import print_model

    # A file is looked at without the catalogue: what it needs may not be installed.
    if is_model(name) and not (Path(name).is_dir() and is_recipe(name, load_catalogue())):
        model = describe_model(Path(name))
        print_json(model) if as_json else print_model(model)
        return
    owner, _, rest = name.partition(".")
    if kind is None and owner in _KINDS and rest:  # as settings are written: loss.lncc
        name, kind = rest, owner
    catalogue = load_catalogue()
    found = describe(name, kind, settings, catalogue)
    if name in catalogue.weights and kind in (None, "recipe") and not settings:
        found[0]["weights"] = describe_model(catalogue.weights[name])
    if as_json:
        print_json(found[0] if len(found) == 1 else found)
        return
    for description in found:
        _print_recipe(description) if description["kind"] == "recipe" else _print_component(description)
        if "weights" in description:
            echo()
            print_model(description["weights"])


def describe(
    name: str, kind: str | None, settings: Sequence[str], catalogue: "Catalogue"
) -> list[dict[str, Any]]:
    """Everything of this name; a recipe comes alone unless another kind is asked for."""
    from contreg.describing import describe_component, describe_recipe
    from contreg.recipes import find_recipe
    from contreg_core.parameters import unknown

    kinds = [owned for owned, known in catalogue.owners if known == name and kind in (None, owned)]
    if "recipe" in kinds or name.endswith(".toml"):
        return [describe_recipe(find_recipe(catalogue, name, settings), catalogue)]
    if not kinds:
        names = sorted({known for owned, known in catalogue.owners if kind in (None, owned)})
        raise unknown(f"there is no {kind or 'recipe, component or cohort'} '{name}'", name, names, "names")
    return [describe_component(owned, _class(catalogue, owned, name)) for owned in kinds]


def _class(catalogue: "Catalogue", kind: str, name: str) -> type:
    if kind == "cohort":
        return catalogue.cohort(name)
    return next(cls for cls in catalogue.components() if (cls.kind, cls.name) == (kind, name))


def _print_recipe(recipe: Mapping[str, Any]) -> None:
    echo(f"{recipe['name']}: {recipe['summary']}")
    echo(f"{recipe['parameters']:,} trainable values" if recipe["parameters"] else "needs no training")
    if recipe["papers"]:
        echo(f"papers: {'; '.join(recipe['papers'])}")
    for slot, choice in recipe["components"].items():
        _print_knobs(f"{slot} = {choice['name']}: {choice['summary']}", slot, choice["knobs"])
    for key, term in recipe["losses"].items():
        title = f"loss {key} = {term['weight']:g} x {term['name']}: {term['summary']}"
        _print_knobs(title, f"loss.{key}", term["knobs"])
    rendered = any(knob["name"] == "labels" and knob["value"] for knob in recipe["rendering"])
    for section in SETTINGS["rendered" if rendered else recipe["form"]]:
        _print_knobs(section, section, recipe[section])


def _print_component(component: Mapping[str, Any]) -> None:
    echo(f"{component['kind']} {component['name']}\n\n{component['summary']}\n")
    if component["paper"]:
        echo(f"paper: {component['paper']}")
    for fact in ("gives", "needs"):
        if component[fact]:
            echo(f"{fact}: {', '.join(component[fact])}")
    # As -s takes them: a term of the loss is named by its own name, every other kind by its slot.
    path = f"loss.{component['name']}" if component["kind"] == "loss" else component["kind"]
    _print_knobs("", path, component["knobs"])


def _print_knobs(title: str, path: str, knobs: Sequence[Mapping[str, Any]]) -> None:
    echo(f"\n{title}" if title else "")
    rows = [(f"{path}.{k['name']}", _text(k["value"]), _text(k["default"]), k["doc"]) for k in knobs]
    if rows:
        print_table(("knob", "value", "default", "meaning"), rows)


def _text(value: object) -> str:
    """As ``--set`` takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
