"""The whole page in one string: no address in it is ever asked for anything."""

import base64
import hashlib
from importlib.resources import files

from contreg.reporting.markup import Html, join, tag

_SCRIPTS = ("tables.js", "codes.js", "lines.js", "captions.js", "viewer.js")


def page(title: str, header: Html, *sections: Html | None, by: str = "contreg report") -> str:
    """An HTML document with its style and script inside, and a policy that forbids it all else; None is no section."""
    style = Html(_asset("page.css"))
    script = Html('"use strict";\n' + "\n".join(_asset(name) for name in _SCRIPTS))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", style),
    )
    footer = tag("footer", f"Written by {by}. Everything on this page is inside this one file.")
    body = tag("body", header, tag("main", *sections), footer, tag("script", script))
    return f"<!doctype html>\n{tag('html', join([head, body]), lang='en')}\n"


def _policy(script: str) -> str:
    """Only this very script may run: a name that holds markup could not, even if it were not escaped."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
