import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contreg.reporting import figure, write_report
from contreg_core.errors import MissingError, UsageError

# What would make a browser ask for something: an address, or an attribute that holds anything but data or a fragment.
_ASKS = re.compile(r"https?://|<(?:link|iframe|object|embed|base)\b|@import|url\(", re.IGNORECASE)


class Outline(HTMLParser):
    """Elements with their attributes, and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.data = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "script" in self.open and data.startswith("{"):
            self.data = data
        elif not {"script", "style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attributes(self, name: str) -> list[str | None]:
        return [attrs[name] for _, attrs in self.elements if name in attrs]


@pytest.fixture(scope="module")
def page(trained: tuple[Path, Path], catalogue, tmp_path_factory: pytest.TempPathFactory) -> str:
    output = tmp_path_factory.mktemp("page") / "report.html"
    return write_report(trained[0], output, catalogue, cache=trained[1]).read_text(encoding="utf-8")


def summary(run: Path) -> dict:
    return json.loads(next(run.glob("evaluation/*/summary.json")).read_text())


def test_it_is_one_piece_and_asks_for_nothing(page: str) -> None:
    outline = Outline(page)
    assert not _ASKS.search(re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL))
    assert outline.attributes("src") == []
    assert all(link and link.startswith("#") for link in outline.attributes("href"))
    assert outline.attributes("http-equiv") == ["Content-Security-Policy"]
    assert "default-src 'none'" in str(outline.attributes("content")[0])
    assert len(page) < 6e6


def test_it_holds_the_numbers_of_the_summary(page: str, evaluated: Path) -> None:
    numbers, text = summary(evaluated), Outline(page).text
    low, high = numbers["dice_fused_interval"]
    for value in (
        numbers["initial"]["dice_fused"],
        numbers["dice_fused"],
        numbers["dice_labelmean"],
        low,
        high,
    ):
        assert f"{value:.3f}" in text
    for region in numbers["regions"].values():
        assert f"{region['fused']:.3f}" in text
    for value in numbers["labels"].values():
        assert f"{value:.3f}" in text
    assert f"{numbers['hd95_mm']:.2f} mm" in text


def test_names_that_hold_markup_stay_text(page: str, evaluated: Path) -> None:
    outline = Outline(page)
    assert [tag for tag, _ in outline.elements if tag == "img"] == []
    assert outline.attributes("onerror") == []
    # Tables and the chart of regions show the name as it is; the data for the script holds it too.
    assert outline.text.count("</script><img src=x onerror=alert(1)> & \"quoted\" 'name'") >= 2
    assert any("onerror=alert(1)" in name for name in json.loads(outline.data)["labels"])
    assert page.count("</script>") == 2


def test_the_same_run_gives_the_same_page(evaluated: Path, cache: Path, catalogue, tmp_path: Path) -> None:
    first, second = (write_report(evaluated, tmp_path / name, catalogue, cache=cache) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_the_pair_of_median_dice_is_shown(page: str, evaluated: Path) -> None:
    from contreg.reporting.evaluation_record import read_evaluations

    median = read_evaluations(evaluated)[0].median_pair()
    assert median is not None
    assert f"Moving {median[0]} , fixed {median[1]} ." in Outline(page).text


def test_a_pair_can_be_asked_for(run: Path, cache: Path, catalogue) -> None:
    path = write_report(run, None, catalogue, cache=cache, pair=("A1", "A5"))
    assert "Moving A1 , fixed A5 ." in Outline(path.read_text(encoding="utf-8")).text
    with pytest.raises(UsageError, match="no scan 'A99'"):
        write_report(run, None, catalogue, cache=cache, pair=("A1", "A99"))


def test_every_view_has_its_volume(page: str) -> None:
    outline = Outline(page)
    views = [attrs["value"] for _, attrs in outline.elements if attrs.get("name") == "view"]
    assert {
        "moving",
        "fixed",
        "warped",
        "checker-after",
        "outlines-after",
        "grid",
        "jacobian",
        "deviation",
    } <= set(views)
    volumes = json.loads(outline.data)["volumes"]
    assert {"moving", "fixed", "warped", "u0", "u1", "u2", "logj", "deviation", "carried"} <= volumes.keys()


def test_without_an_evaluation_the_page_says_how_to_add_one(run: Path, cache: Path, catalogue) -> None:
    text = Outline(write_report(run, None, catalogue, cache=cache).read_text(encoding="utf-8")).text
    assert "has not been evaluated yet. Add it with contreg evaluate run" in text
    assert "Moving A5 , fixed A4 ." in text  # the first pair of the test split


def test_without_a_cache_the_page_says_how_to_make_one(evaluated: Path, tmp_path: Path, catalogue) -> None:
    path = write_report(evaluated, None, catalogue, cache=tmp_path / "none")
    text = Outline(path.read_text(encoding="utf-8")).text
    assert "Add it with contreg prepare --data blobs --source DIR --model run/recipe.toml" in text
    assert f"{summary(evaluated)['dice_fused']:.3f}" in text


@pytest.mark.parametrize(
    "breakage",
    [
        lambda run: [path.unlink() for path in run.glob("checkpoints/*")],
        lambda run: (run / "metrics.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo'),
        lambda run: (run / "metrics.jsonl").unlink(),
        lambda run: next(run.glob("evaluation/*/pairs.csv")).unlink(),
        lambda run: next(run.glob("evaluation/*/pairs.csv")).write_text("a,b\n1,2\n"),
        lambda run: next(run.glob("evaluation/*/summary.json")).write_text("{"),
        lambda run: next(run.glob("evaluation/*/summary.json")).write_text('{"labels": [], "dice": "high"}'),
        lambda run: (run / "run.json").write_text('{"grid": "large", "packages": 3, "command": null}'),
    ],
)
def test_a_piece_that_is_damaged_is_said_and_the_rest_is_there(
    breakage, evaluated: Path, cache: Path, catalogue
) -> None:
    breakage(evaluated)
    text = Outline(write_report(evaluated, None, catalogue, cache=cache).read_text(encoding="utf-8")).text
    assert "Example pair" in text
    assert "recipe.toml" in text


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, catalogue) -> None:
    with pytest.raises(MissingError, match="recipe.toml"):
        write_report(tmp_path, None, catalogue)


def test_the_figure_is_a_picture_and_repeatable(run: Path, cache: Path, catalogue, tmp_path: Path) -> None:
    first, second = (figure(run, tmp_path / name, catalogue, cache=cache) for name in ("a.png", "b.png"))
    assert first.read_bytes().startswith(b"\x89PNG")
    assert first.read_bytes() == second.read_bytes()


def test_the_figure_needs_its_cache(run: Path, tmp_path: Path, catalogue) -> None:
    with pytest.raises(MissingError, match="not prepared"):
        figure(run, tmp_path / "a.png", catalogue, cache=tmp_path / "none")
