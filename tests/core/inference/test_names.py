"""Output names: readable, safe, and never the same for the two directions."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.inference.names import PairNames, stem


@pytest.mark.parametrize(
    ("moving", "fixed", "expected"),
    [
        ("S01.nii.gz", "S02.nii", "S01_from-S01_to-S02"),
        ("sub-01_T1w.nii.gz", "MNI152.nii.gz", "sub-01_from-T1w_to-MNI152"),
        ("sub-01_ses-1_T1w.nii.gz", "sub-01_ses-2_T1w.nii.gz", "sub-01_from-ses1T1w_to-ses2T1w"),
        ("sub-01_T1w.nii.gz", "sub-02_T1w.nii.gz", "sub-01_from-T1w_to-sub02T1w"),
        ("T1.nii.gz", "T1.nii.gz", "T1_from-one_to-two"),
        ("s_1.nii.gz", "MNI152_T1_1mm.nii.gz", "s_1_from-s_1_to-MNI152_T1_1mm"),
        ("sub-01_T1w.nii.gz", "_old_mean.nii.gz", "sub-01_from-T1w_to-old_mean"),
    ],
)
def test_examples(moving, fixed, expected):
    names = PairNames.of(Path("one") / moving, Path("two") / fixed)
    assert names.stem == expected
    assert names.displacement == f"{expected}_mode-image_xfm"


def test_one_name_in_one_folder():
    names = PairNames.of(Path("one/T1.nii"), Path("one/T1.nii.gz"))
    assert names.stem == "T1_from-T1moving_to-T1fixed"


NAMES = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=250
)


@given(NAMES, NAMES)
def test_any_names_give_two_file_names_that_fit(moving, fixed):
    names = PairNames.of(Path(moving + ".nii"), Path(fixed + ".nii"))
    assert names.displacement != names.inverse
    for name in (names.displacement, names.inverse):
        assert "/" not in name
        assert not name.startswith("_")


def test_long_stems_are_cut_and_stay_apart():
    first, second = stem(Path("x" * 200 + "1.nii.gz")), stem(Path("x" * 200 + "2.nii.gz"))
    assert first != second
    assert len(first) == len(second) == 60
