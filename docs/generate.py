"""The pages of the reference that the program writes about itself: ``python docs/generate.py``.

A test compares the committed pages with what this makes of the program as it is.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from contreg.describing import describe_component, describe_recipe, knobs_of, prose
from contreg_cli.main import cli
from contreg_core import components, errors, hookspecs
from contreg_core.catalogue import Catalogue
from contreg_core.cohort import Cohort
from contreg_core.plugins import load_catalogue
from contreg_core.recipe.nouns import SECTIONS

FOLDER = Path(__file__).parent / "reference"
_PLURAL = {"loss": "losses"}
_MOVED = "*Made by `python docs/generate.py` from the program itself.*\n"
_OTHER_CODES = {
    0: "all done",
    2: "a name, option or value that does not exist or does not fit (also from the shell's parser)",
    70: "a bug in contreg or in a plugin; the traceback is in the file the message names",
    errors.InterruptedRunError.exit_code: "interrupted; finished work is kept, the same command goes on",
}


def pages() -> dict[str, Callable[[Catalogue], str]]:
    """Path below ``reference`` -> what writes it."""
    kinds = {f"components/{_plural(kind)}.md": _kind_page(kind) for kind in components.KINDS}
    return {
        "commands.md": lambda _: _commands(),
        "exit-codes.md": lambda _: _exit_codes(),
        "hooks.md": lambda _: _hooks(),
        "recipes.md": _recipes,
        "settings.md": lambda _: _settings(),
        "cohorts.md": _cohorts,
        **kinds,
    }


def main() -> None:
    """Write every page."""
    catalogue = load_catalogue(plugins=False)
    for name, write in pages().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write(catalogue), encoding="utf-8")
        print(path.relative_to(FOLDER.parent))


def _page(title: str, lead: str, parts: Iterable[str]) -> str:
    return "\n".join([f"# {title}\n", f"{lead}\n" if lead else "", _MOVED, *parts]).replace("\n\n\n", "\n\n")


def _commands() -> str:
    return _page("Commands", "As `contreg COMMAND --help` prints it.", _help(cli, None, "contreg"))


def _help(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    context = click.Context(command, parent=parent, info_name=name, terminal_width=100)
    context.help_option_names = cli.context_settings["help_option_names"]
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from _help(found, context, child)


def _exit_codes() -> str:
    kinds = [
        cls for cls in vars(errors).values() if inspect.isclass(cls) and cls.__module__ == errors.__name__
    ]
    told = {
        cls.exit_code: _plain(cls).partition(" (exit")[0] for cls in kinds if cls is not errors.ContregError
    }
    codes = {**{code: text[0].lower() + text[1:].rstrip(".") for code, text in told.items()}, **_OTHER_CODES}
    rows = [(f"`{code}`", codes[code]) for code in sorted(codes)]
    names = [(f"`{cls.__name__}`", f"`{cls.exit_code}`", _plain(cls).partition(" (exit")[0]) for cls in kinds]
    return _page(
        "Exit codes",
        "A failure is one line on stderr, `error: what was found. Fix: what to do`, and one of these codes; `--debug` "
        "before the command adds the traceback. Codes above 63 are those of sysexits.h.",
        [_table(("code", "meaning"), rows), "## In Python\n", _table(("class", "code", "meaning"), names)],
    )


def _hooks() -> str:
    hooks = [
        hook
        for hook in vars(hookspecs).values()
        if inspect.isfunction(hook) and hook.__name__.startswith("contreg_")
    ]
    kinds = [cls for cls in vars(components).values() if _is_kind(cls)]
    lead = (
        f"A plugin is a module named by an entry point of the group `{hookspecs.GROUP}` that implements any of these "
        "hooks with `contreg_core.hookspecs.hookimpl`. [How to write one](../how-to/plugins.md)."
    )
    entries = [f"```text\n{_signature(hook)}\n```\n\n{_plain(hook)}\n" for hook in hooks]
    return _page(
        "Hooks and kinds",
        lead,
        ["## Hooks\n", *entries, "## Kinds of component\n", *map(_base, kinds), _base(Cohort)],
    )


def _signature(function: Callable[..., object]) -> str:
    return f"{function.__name__}{inspect.signature(function)}".replace("'", "").replace(
        "contreg_core.types.", ""
    )


def _is_kind(cls: object) -> bool:
    return (
        inspect.isclass(cls)
        and issubclass(cls, components.Component)
        and cls.__module__ == components.__name__
    )


def _base(cls: type) -> str:
    methods = [
        _signature(method)
        for name, method in vars(cls).items()
        if inspect.isfunction(method) and not name.startswith("_")
    ]
    return f"### {cls.__name__}\n\n{_marked(cls)}\n\n```text\n" + "\n".join(methods) + "\n```\n"


def _recipes(catalogue: Catalogue) -> str:
    told = [describe_recipe(recipe, catalogue) for recipe in catalogue.recipes()]
    rows = [
        (
            f"[`{r['name']}`](#{_anchor(r['name'])})",
            r["summary"],
            r["form"],
            f"{r['parameters']:,}" if r["parameters"] else "",
        )
        for r in told
    ]
    lead = (
        "What `contreg show NAME` prints: the knobs that differ from their defaults. "
        "Every knob is on the page of its component."
    )
    return _page(
        "Recipes", lead, [_table(("recipe", "", "form", "trainable values"), rows), *map(_recipe, told)]
    )


def _recipe(recipe: Mapping[str, Any]) -> str:
    rows = [
        (f"`{slot}`", _component_link(slot, one["name"]), "", _changed(one))
        for slot, one in recipe["components"].items()
    ]
    rows += [
        (f"`loss.{key}`", _component_link("loss", one["name"]), f"{one['weight']:g}", _changed(one))
        for key, one in recipe["losses"].items()
    ]
    rows += [
        (f"`{section}`", "[settings](settings.md)", "", changed)
        for section in SECTIONS
        if (changed := _changed({"knobs": recipe[section]}))
    ]
    papers = f"Papers: {'; '.join(recipe['papers'])}.\n" if recipe["papers"] else ""
    parts = _table(("part", "component", "weight", "knobs"), rows)
    return f"## {recipe['name']}\n\n{recipe['summary']}\n\n{papers}\n{parts}"


def _changed(part: Mapping[str, Any]) -> str:
    return " ".join(
        f"`{k['name']}={_value(k['value'])}`" for k in part["knobs"] if k["value"] != k["default"]
    )


def _component_link(kind: str, name: str) -> str:
    return f"[`{name}`](components/{_plural(kind)}.md#{name})"


def _settings() -> str:
    lead = "The sections every recipe has beside its components; `contreg fit -s training.steps=2000` changes one."
    parts = [f"## {name}\n\n{_knobs(knobs_of(cls, {}))}" for name, cls in SECTIONS.items()]
    return _page("Settings of a recipe", lead, parts)


def _kind_page(kind: Any) -> Callable[[Catalogue], str]:
    def write(catalogue: Catalogue) -> str:
        base = next(
            cls for cls in vars(components).values() if _is_kind(cls) and vars(cls).get("kind") == kind
        )
        told = [describe_component(kind, cls) for cls in catalogue.components(kind)]
        return _page(_plural(kind).capitalize(), _plain(base), map(_component, told))

    return write


def _component(told: Mapping[str, Any]) -> str:
    facts = [
        ("Paper", told["paper"]),
        ("Gives", ", ".join(told["gives"])),
        ("Needs", ", ".join(told["needs"])),
    ]
    listed = "".join(f"* {name}: {value}\n" for name, value in facts if value)
    knobs = _knobs(told["knobs"]) if told["knobs"] else "No knobs.\n"
    return f"## {told['name']}\n\n{_code(told['summary'])}\n\n{listed}\n{knobs}"


def _cohorts(catalogue: Catalogue) -> str:
    return _page(
        "Cohorts and their protocols",
        "What `contreg data show NAME` prints.",
        map(_cohort, catalogue.cohorts()),
    )


def _cohort(cls: type[Cohort]) -> str:
    told = describe_component("cohort", cls)
    paper = f"* Paper: {told['paper']}\n\n" if told["paper"] else ""
    knobs = _knobs(told["knobs"]) if told["knobs"] else ""
    return f"## {cls.name}\n\n{_code(prose(cls))}\n\n{paper}{knobs}{''.join(_protocols(cls))}"


def _protocols(cls: type[Cohort]) -> Iterator[str]:
    cohort = cls()
    for protocol in cohort.protocols():
        labels = f"; {len(protocol.labels)} labels" if protocol.labels else ""
        default = "; the default" if protocol.name == cohort.default_protocol else ""
        pairs = "self pairs included" if protocol.identity_pairs else "no self pairs"
        told = f"{protocol.description[:1].upper()}{protocol.description[1:]}"
        headline = f"Headline: Dice of regions, {protocol.headline}"
        yield f"### {protocol.name}\n\n{told}. {headline}; {pairs}{labels}{default}.\n\n"
        if protocol.regions:
            yield _table(
                ("region", "labels"),
                [(name, " ".join(map(str, ids))) for name, ids in protocol.regions.items()],
            )


def _knobs(knobs: Sequence[Mapping[str, Any]]) -> str:
    rows = [(f"`{k['name']}`", k["type"], f"`{_value(k['default'])}`", _code(k["doc"])) for k in knobs]
    return _table(("knob", "type", "default", "meaning"), rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _value(value: object) -> str:
    """As ``--set`` takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return (
        ",".join(map(str, value)) or "()" if isinstance(value, tuple) else str(value) if value != "" else '""'
    )


def _anchor(name: str) -> str:
    """As GitHub and mkdocs make it of a heading."""
    return name.replace("/", "")


def _plural(kind: str) -> str:
    return _PLURAL.get(kind, f"{kind}s")


def _plain(thing: object) -> str:
    """The first sentence-like line of a docstring."""
    return _code((inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " "))


def _marked(cls: type) -> str:
    return _code(prose(cls))


def _code(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    main()
