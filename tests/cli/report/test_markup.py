from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from contreg.reporting.markup import Html, note, table, tag

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@given(TEXT, TEXT)
def test_any_text_comes_back_as_text(text: str, value: str) -> None:
    read = Reader(tag("p", text, title=value))
    assert read.tags == [("p", {"title": value})]
    assert read.words == text


def test_markup_is_not_escaped_twice() -> None:
    assert tag("p", tag("b", "<"), None, 3) == "<p><b>&lt;</b>3</p>"


def test_attributes() -> None:
    assert tag("input", class_="a", aria_label="b", checked=True, hidden=False, id=None) == (
        '<input class="a" aria-label="b" checked />'
    )


def test_a_table_escapes_its_cells() -> None:
    assert "<i>" not in table(["<i>"], [["<i>", Html("<b>x</b>")]])


def test_a_note_tells_commands_from_advice() -> None:
    assert "Add it with <code>contreg evaluate run</code>." in note("Not there.", "contreg evaluate run")
    assert note("Broken.", "restore it").endswith("Broken. Remedy: restore it.</p>")
