"""No command writes over one of its inputs, over outputs of other images, or over an evaluation, unless it is meant."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from contreg_cli.main import cli, run
from tests.overwriting import LINKS, TINY, Case, build, sha256, tries

WRITING = {
    "register", "segment", "warp", "transform convert", "transform invert", "transform compose", "compare", "report",
    "export", "evaluate", "fit", "benchmark", "prepare",
}  # fmt: skip
"""Commands of ``build``."""
OTHERWISE = {
    "plugins new": "writes into a folder that must not be there",
    "demo": "fit, evaluate and report, in a folder of its own",
    "cache prune": "removes what it is told to",
}
READING = {
    "list", "show", "status", "verify", "doctor", "completion", "transform inspect", "data list", "data show",
    "data check", "data table", "plugins", "plugins list", "plugins check", "cache list", "cache verify",
}  # fmt: skip


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return build(tmp_path_factory.mktemp("overwriting").resolve())


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_is_known_here_to_write_or_not(cases):
    assert set(commands(cli)) - WRITING - OTHERWISE.keys() - READING == set()
    assert {case.name.split(" --")[0].split(" to h5")[0] for case in cases if "warp" not in case.name} | {
        "warp"
    } == WRITING


def test_no_input_is_written_over(cases, capsys):
    faults = [fault for one in tries(cases, few=True) if (fault := one.fault(run))]
    assert not faults, "\n".join(faults)


def test_what_names_an_option_is_of_a_command_that_has_it(cases, capsys):
    for one in tries(cases, few=True):
        before = capsys.readouterr()
        assert before is not None
        one.fault(run)
        said = capsys.readouterr().err
        words = one.case.arguments[: 2 if one.case.name.startswith("transform") else 1]
        has = "--overwrite" in _help(words, capsys)
        assert ("--overwrite" in said) == (has and one.case.name != "export"), said


def _help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    run([*words, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("link", LINKS)
def test_what_is_meant_is_done(contreg, cases, tmp_path, link):
    root = Path(next(case for case in cases if case.name == "compare").arguments[1]).parent
    evaluation = shutil.copytree(root / "one", tmp_path / "one")
    table = tmp_path / "t.json"
    LINKS[link](evaluation / "summary.json", table)
    refused = contreg("compare", evaluation, root / "two", "-o", table)
    assert (refused.code, "CR-OUT-68" in refused.error, "--overwrite" in refused.error) == (73, True, True)
    assert contreg("compare", evaluation, root / "two", "-o", table, "--overwrite").code == 0
    assert "rows" in json.loads(table.read_text())


def test_an_evaluation_is_no_place_for_a_table(contreg, cases, tmp_path):
    root = Path(next(case for case in cases if case.name == "compare").arguments[1]).parent
    other = shutil.copytree(root / "one", tmp_path / "other")
    before = sha256(other / "pairs.csv")
    refused = contreg("compare", root / "one", root / "two", "-o", other / "pairs.csv")
    assert (refused.code, "belongs to an evaluation" in refused.error) == (73, True)
    assert sha256(other / "pairs.csv") == before


def test_an_evaluation_of_another_model_or_split_is_kept(contreg, cases, tmp_path):
    root = Path(next(case for case in cases if case.name == "compare").arguments[1]).parent
    scores = ["evaluate", "--model", "none", "--data", "synthetic", *TINY, "--cache", root / "cache"]
    folder = tmp_path / "scores"
    assert contreg(*scores, "--output", folder).code == 0
    assert contreg(*scores, "--output", folder).code == 0  # the same again
    for other in (
        [*scores, "--split", "train", "--limit", "1"],
        ["evaluate", root / "run", "--cache", root / "cache"],
    ):
        refused = contreg(*other, "--output", folder)
        assert (refused.code, "of another evaluation" in refused.error) == (73, True)
    assert contreg(*scores, "--split", "train", "--limit", "1", "--output", folder, "--overwrite").code == 0
    assert contreg(*scores, "--output", root / "run").code == 73


def test_pairs_of_one_name_in_one_folder(contreg, cases, tmp_path):
    """Two people's files of one name, onto one atlas: the second would be written over the first."""
    root = Path(next(case for case in cases if case.name == "compare").arguments[1]).parent
    for person, source in (("one", "moving"), ("two", "fixed")):
        (tmp_path / person).mkdir()
        shutil.copy(root / f"{source}.nii.gz", tmp_path / person / "T1.nii.gz")
    shutil.copy(root / "moving.nii.gz", tmp_path / "atlas.nii.gz")
    line = [
        "-o",
        tmp_path / "out",
        "--model",
        root / "model.safetensors",
        "--device",
        "cpu",
        "--affine",
        "none",
    ]

    def register(person: str, *more: object):
        return contreg("register", tmp_path / person / "T1.nii.gz", tmp_path / "atlas.nii.gz", *line, *more)

    assert register("one").code == 0
    first = {path: sha256(path) for path in (tmp_path / "out").glob("*.nii.gz")}
    refused = register("two")
    assert (refused.code, "is of other images" in refused.error) == (73, True)
    assert str(tmp_path / "one" / "T1.nii.gz") in refused.error
    assert {path: sha256(path) for path in first} == first
    assert register("one").code == 0  # the same pair again
    (tmp_path / "one").rename(tmp_path / "moved")
    assert register("moved").code == 0  # told by its content
    shutil.copy(root / "fixed.nii.gz", tmp_path / "moved" / "T1.nii.gz")
    assert register("moved").code == 0  # mended in its place
    assert register("two", "--overwrite").code == 0


def test_images_of_one_name_in_one_folder(contreg, cases, tmp_path):
    root = Path(next(case for case in cases if case.name == "compare").arguments[1]).parent
    for person, source in (("one", "moving"), ("two", "fixed")):
        (tmp_path / person).mkdir()
        shutil.copy(root / f"{source}.nii.gz", tmp_path / person / "T1.nii.gz")
    atlas = f"{root / 'moving.nii.gz'}:{root / 'moving_labels.nii.gz'}"
    line = [
        "--atlas",
        atlas,
        "-o",
        tmp_path / "out",
        "--model",
        root / "model.safetensors",
        "--device",
        "cpu",
    ]
    assert contreg("segment", tmp_path / "one" / "T1.nii.gz", *line).code == 0
    refused = contreg("segment", tmp_path / "two" / "T1.nii.gz", *line)
    assert (refused.code, "is of other images" in refused.error) == (73, True)
    assert contreg("segment", tmp_path / "one" / "T1.nii.gz", *line).code == 0
    assert contreg("segment", tmp_path / "two" / "T1.nii.gz", *line, "--overwrite").code == 0
    (tmp_path / "out" / "T1_dseg.json").write_text('{"SpatialReference": "of another program"}')
    assert contreg("segment", tmp_path / "two" / "T1.nii.gz", *line).code == 73


def test_the_way_back_is_not_the_pair_in_the_other_order(contreg, cases, tmp_path):
    """Of one person's two images the inverse has the name of the field of the other order."""
    root = Path(next(case for case in cases if case.name == "compare").arguments[1]).parent
    for name, source in (("sub-1_T1w", "moving"), ("sub-1_T2w", "fixed")):
        shutil.copy(root / f"{source}.nii.gz", tmp_path / f"{name}.nii.gz")
    line = [
        "-o",
        tmp_path / "out",
        "--model",
        root / "model.safetensors",
        "--device",
        "cpu",
        "--affine",
        "none",
    ]
    pair = [tmp_path / f"sub-1_{kind}.nii.gz" for kind in ("T1w", "T2w")]
    assert contreg("register", *pair, *line).code == 0
    assert contreg("register", *reversed(pair), *line).code == 73


def test_only_caches_by_contregs_own_record_are_pruned(contreg, cases, tmp_path):
    root = Path(next(case for case in cases if case.name == "compare").arguments[1]).parent
    caches = shutil.copytree(root / "cache", tmp_path / "caches")
    (ours,) = caches.iterdir()
    mine = caches / "freesurfer" / "subjects" / "bert"
    mine.mkdir(parents=True)
    (mine / "T1.mgz").write_bytes(b"years of work")
    (caches / "notes").mkdir()
    (caches / "notes" / "cohort.json").write_text('{"name": "my cohort of patients"}')
    (ours / "cohort.json").write_text("damaged")
    assert contreg("cache", "prune", "freesurfer", "--yes", "--cache", caches).code == 66
    assert contreg("cache", "prune", "--unreadable", "--yes", "--cache", caches).code == 0
    assert sorted(path.name for path in caches.iterdir()) == ["freesurfer", "notes"]
    assert (mine / "T1.mgz").is_file()
    (caches / "link").symlink_to(shutil.copytree(root / "cache", tmp_path / "elsewhere") / ours.name)
    assert contreg("cache", "prune", "link", "--yes", "--cache", caches).code == 2
    assert (caches / "link" / "cohort.json").is_file()


def test_leftovers_that_are_cleared_are_contregs_own(contreg, cases, tmp_path):
    root = Path(next(case for case in cases if case.name == "compare").arguments[1]).parent
    out = tmp_path / "out"
    out.mkdir()
    names = (".tmp-of-another-program", ".tmp-0123456789ab-x.nii", "failures_of_mine.jsonl")
    for name in names:
        (out / name).write_text('{"subject": "moving_to-fixed"}\n')
        os.utime(out / name, (0, 0))
    (own := out / ".tmp-00000000-1-contreg-01234567-x.nii.gz").write_text("half")
    os.utime(own, (0, 0))
    line = ["-o", out, "--model", root / "model.safetensors", "--device", "cpu", "--affine", "none"]
    assert contreg("register", root / "moving.nii.gz", root / "fixed.nii.gz", *line).code == 0
    assert not own.exists()
    assert all((out / name).read_text() == '{"subject": "moving_to-fixed"}\n' for name in names)
