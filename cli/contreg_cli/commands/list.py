"""``contreg list``: everything the catalogue holds."""

import inspect
from typing import TYPE_CHECKING, Any

import click

from contreg.plugins import load_catalogue
from contreg_cli import options
from contreg_cli.console import print_json, print_table
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

Listing = dict[str, list[dict[str, Any]]]


@click.command()
@options.as_json
def command(as_json: bool) -> None:
    """Recipes, components and cohorts."""
    listing = list_catalogue(load_catalogue())
    if as_json:
        print_json(listing)
        return
    if not any(listing.values()):
        echo("nothing is installed that brings a recipe, a component or a cohort; see: contreg plugins list")
        return
    for heading, things in listing.items():
        rows = [(thing["name"], thing["summary"], thing["owner"]) for thing in things]
        print_table((heading, "", "from"), rows)
        echo()
    echo("more on each: contreg show NAME")


def list_catalogue(catalogue: "Catalogue") -> Listing:
    """Kind in the plural -> name, summary and owner of everything of that kind."""
    from contreg_core.components import KINDS

    listing: Listing = {
        "recipes": [_entry(catalogue, "recipe", r.name, r.summary) for r in catalogue.recipes()]
    }
    for kind in KINDS:
        classes = catalogue.components(kind)
        plural = "losses" if kind == "loss" else f"{kind}s"
        listing[plural] = [_entry(catalogue, kind, cls.name, first_sentence(cls)) for cls in classes]
    listing["cohorts"] = [_entry(catalogue, "cohort", cls.name, cls.summary) for cls in catalogue.cohorts()]
    return listing


def first_sentence(thing: object) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _entry(catalogue: "Catalogue", kind: str, name: str, summary: str) -> dict[str, Any]:
    return {"name": name, "summary": summary, "owner": catalogue.owners.get((kind, name), "")}
