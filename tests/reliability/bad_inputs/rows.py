"""The table of bad inputs as data (docs/reference/bad-inputs.md): row, how the file is made, command, code, words.

``CASES`` are run one by one by ``test_files.py``; ``EVENTS`` names the test of every other row. The table of
``make test-reliability`` counts both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.bad_inputs import faults

IMAGE_COMMANDS = ("register-moving", "register-fixed", "segment", "segment-atlas", "warp", "prepare", "check")
LABEL_COMMANDS = ("register-labels", "segment-atlas-labels", "warp-labels", "prepare-labels", "check-labels")
COHORT_COMMANDS = ("prepare", "check", "prepare-labels", "check-labels")


@dataclass(frozen=True)
class Fault:
    """A row: the exit code, and words that the message must hold. ``code`` 0 means that the work is done."""

    row: int
    make: Callable[[Path], Path]
    code: int
    says: tuple[str, ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A fault met by one command."""

    fault: Fault
    command: str

    @property
    def id(self) -> str:
        return f"{self.fault.row}-{self.fault.make.__name__}-{self.command}"


IMAGES = (
    Fault(1, faults.cut_gzip, 65, ("ends early at byte", "copy")),
    Fault(2, faults.flipped_bit, 65, ("damaged gzip data", "copy")),
    Fault(3, faults.cut_plain, 65, ("ends early at byte", "expected", "copy")),
    Fault(4, faults.empty, 65, ("empty (0 bytes)", "copy")),
    Fault(5, faults.wrong_magic, 65, ("expected a NIfTI header", "convert")),
    Fault(6, faults.web_page, 65, ("found a web page", "expected gzip data")),
    Fault(6, faults.gzip_named_plain, 65, ("found gzip data", "rename")),
    Fault(6, faults.zip_named_gzip, 65, ("found a zip archive", "expected gzip data")),
    Fault(7, faults.header_without_voxels, 66, (".img", "put both in one folder")),
    Fault(8, faults.series, 65, ("2 volumes in one file", "--volume")),
    Fault(9, faults.many_nan, 65, ("NaN or Inf", "repair")),
    Fault(11, faults.no_size_and_no_form, 65, ("no orientation", "write a correct header")),
    Fault(12, faults.nan_size, 65, ("voxel size", "nan", "write a correct")),
    Fault(13, faults.zero_dimension, 65, ("impossible dimensions", "convert")),
    Fault(13, faults.negative_dimension, 65, ("impossible dimensions", "convert")),
    Fault(14, faults.giant, 65, ("header claims", "limit", "--max-voxels")),
    Fault(15, faults.bomb, 65, ("claim to unpack",)),
    Fault(15, faults.overfull, 65, ("its header allows",)),
    Fault(17, faults.far_offset, 65, ("begin at byte", "expected")),
    Fault(18, faults.unknown_datatype, 65, ("unknown data type code 77",)),
    Fault(19, faults.colour, 65, ("colour", "--channel")),
    Fault(19, faults.complex_numbers, 65, ("complex", "--magnitude")),
    Fault(25, faults.constant, 65, ("every voxel is", "check the file")),
    Fault(29, faults.thick_slices, 65, ("12.0", "expected 0.0001 to 8.0")),
    Fault(29, faults.flat, 65, ("flat image", "3-D")),
    Fault(30, faults.forms_apart, 65, ("mm apart", "--orientation-from")),
    Fault(30, faults.size_against_form, 65, ("the affine says", "rewrite the header")),
    Fault(30, faults.empty_form, 65, ("no usable matrix", "repair the header")),
    Fault(30, faults.analyze, 65, ("no orientation", "--assume-orientation"), ("prepare", "check")),
    Fault(31, faults.unreadable, 77, ("no permission to read", "who owns")),
    # A manifest names the file that is not there before any work, with all its other problems (65).
    Fault(32, faults.link_loop, 66, ("loop of links",), ("prepare", "check")),
    Fault(32, faults.annex_link, 66, ("datalad get",), ("prepare", "check")),
    Fault(33, faults.pipe, 66, ("not a regular file",), ("prepare", "check")),
    Fault(33, faults.folder, 66, ("not a regular file",), ("prepare", "check")),
)

LABELS = (
    Fault(1, faults.cut_gzip, 65, ("ends early at byte",)),
    Fault(2, faults.flipped_bit, 65, ("damaged gzip data",)),
    Fault(4, faults.empty, 65, ("empty (0 bytes)",)),
    Fault(10, faults.nan_labels, 65, ("NaN or Inf in a label map", "integers")),
    Fault(19, faults.complex_numbers, 65, ("complex", "--magnitude")),
    Fault(21, faults.halves, 65, ("off integers", "write it again")),
    Fault(22, faults.scaled_labels, 65, ("scale factor 0.153",)),
    Fault(
        24, faults.other_shape, 65, ("expected one shape",), ("warp-labels", "prepare-labels", "check-labels")
    ),
    Fault(24, faults.other_shape, 65, ("--resample-labels",), LABEL_COMMANDS[:3]),
    Fault(24, faults.other_place, 65, ("a corner",), ("warp-labels", "prepare-labels", "check-labels")),
    Fault(24, faults.other_place, 65, ("corners lie", "--resample-labels"), LABEL_COMMANDS[:3]),
)

REPAIRED = (
    Fault(8, faults.one_volume_series, 0, ()),
    Fault(9, faults.few_nan, 0, ("2 NaN or Inf voxels set to 0",)),
    Fault(11, faults.no_size_but_a_form, 0, ("voxel size",)),
    Fault(16, faults.nan_slope, 0, ("scale factor inf",)),
    Fault(20, faults.big_endian, 0, ()),
    Fault(34, faults.named("a b'\"ü\n.nii.gz"), 0, ()),
    Fault(34, faults.named("-leading.nii.gz"), 0, ()),
    Fault(34, faults.named("n" * 230 + ".nii.gz"), 0, ()),
)
"""Met by ``register-moving``, ``segment`` and ``prepare``, which go on and say what was repaired."""

CASES = (
    *(Case(fault, command) for fault in IMAGES for command in IMAGE_COMMANDS if command not in fault.without),
    *(Case(fault, command) for fault in LABELS for command in LABEL_COMMANDS if command not in fault.without),
    *(Case(fault, command) for fault in REPAIRED for command in ("register-moving", "segment", "prepare")),
)

_HERE = "tests/reliability/bad_inputs"
_COHORTS, _MODELS = f"{_HERE}/test_cohorts.py", f"{_HERE}/test_models.py"
EVENTS: dict[int, tuple[str, ...]] = {
    23: (f"{_COHORTS}::test_labels_outside_the_table",),
    26: (f"{_MODELS}::test_a_mirrored_image_is_said_and_refused_by_strict",),
    27: (
        f"{_COHORTS}::test_a_scan_that_looks_like_no_brain",
        f"{_MODELS}::test_an_image_that_looks_like_no_brain",
    ),
    28: (f"{_MODELS}::test_a_brain_cut_off_is_said",),
    35: (f"{_COHORTS}::test_names_that_differ_only_in_case",),
    36: (f"{_COHORTS}::test_a_folder_that_may_not_be_written",),
    37: (f"{_COHORTS}::test_a_full_or_failing_disk",),
    38: (f"{_COHORTS}::test_a_full_or_failing_disk", f"{_COHORTS}::test_a_stale_handle_is_tried_again"),
    39: (f"{_COHORTS}::test_two_prepares_at_once",),
    40: (f"{_COHORTS}::test_leftovers_of_a_killed_run_go",),
    41: (f"{_COHORTS}::test_a_cache_file_another_process_holds_is_read",),
    42: (f"{_COHORTS}::test_a_cache_file_another_process_holds_is_read",),
    43: (f"{_COHORTS}::test_a_changed_source_is_made_anew_and_said",),
    44: (f"{_COHORTS}::test_a_clock_that_is_wrong_decides_nothing",),
    45: (
        f"{_COHORTS}::test_another_setting_has_another_folder",
        "tests/cli/test_check.py::test_a_cache_is_listed",
    ),
    46: (f"{_COHORTS}::test_bit_rot_is_seen_and_mended",),
    47: (f"{_MODELS}::test_a_checkpoint_that_is_not_one", f"{_MODELS}::test_the_damaged_checkpoint_of_a_run"),
    48: (f"{_MODELS}::test_a_checkpoint_that_is_not_one",),
    49: (f"{_MODELS}::test_a_checkpoint_that_is_not_one",),
    50: (f"{_MODELS}::test_a_plugin_that_the_run_needs_is_named",),
    51: (f"{_MODELS}::test_a_checkpoint_that_is_not_one",),
    52: (f"{_MODELS}::test_a_checkpoint_that_is_not_one",),
    53: ("tests/security/test_hostile.py::test_it_is_refused_in_words",),
    54: ("tests/security/test_hostile.py::test_it_is_refused_in_words",),
    55: (f"{_MODELS}::test_an_archive_is_not_opened",),
    56: ("tests/core/test_plugins.py::test_a_plugin_that",),
    57: ("tests/core/test_plugins.py::test_two_owners_of_one_name_are_both_named",),
    58: ("tests/core/test_plugins.py::test_a_plugin_that",),
    59: (
        f"{_MODELS}::test_a_model_that_answers_nonsense_or_hangs",
        "tests/cli/test_plugins.py::test_a_plugin_that_never_answers_is_given_up",
        "tests/cli/test_plugins.py::test_a_loss_that_is_no_number_is_found",
    ),
    60: (
        f"{_MODELS}::test_out_of_memory_is_tried_once_more",
        "tests/cli/test_fit.py::test_out_of_memory_saves",
    ),
    61: (f"{_MODELS}::test_a_loss_that_is_not_finite_stops",),
    62: (f"{_MODELS}::test_preemption_saves", "tests/cli/test_fit.py::test_a_second_signal_stops_at_once"),
    63: ("tests/cli/test_fit.py::test_a_killed_run_ends_with_the_same_bits",),
    64: ("tests/core/fleet/test_local.py::test_",),
    65: ("tests/core/ranks/",),
    66: (f"{_COHORTS}::test_ctrl_c_among_workers_is_one_line",),
    67: (f"{_MODELS}::test_a_device_that_is_not_there",),
    68: (f"{_COHORTS}::test_the_surroundings_do_not_matter",),
}
"""Row -> how the names of its tests begin. In 60, 64 and 67 no device is filled or lost: it is simulated."""
