"""What a person is shown of an evaluation."""

from collections.abc import Sequence

from contreg.evaluating.evaluate import Summary
from contreg_cli.console import print_table
from contreg_cli.saying import echo


def print_summary(summary: Summary) -> None:
    """The regions before and after, then everything else on lines."""
    partial = "" if summary["pairs"] == summary["of_pairs"] else f" of {summary['of_pairs']}"
    echo(
        f"{summary['model']} on {summary['data']} ({summary['split']}), protocol {summary['protocol']}: "
        f"{summary['pairs']}{partial} pairs{_images(summary)}"
    )
    print_table(
        ("region", "fused before", "fused", "95 %", "label-mean before", "label-mean", "95 %"), _rows(summary)
    )
    for line in _lines(summary):
        echo(line)


def _images(summary: Summary) -> str:
    return f", their {summary['images']} fixed images segmented" if "images" in summary else ""


def _rows(summary: Summary) -> list[tuple[str, ...]]:
    rows = [_row(name, region) for name, region in summary["regions"].items()]
    whole = {
        "fused": summary["dice_fused"],
        "fused_interval": summary["dice_fused_interval"],
        "labelmean": summary["dice_labelmean"],
        "labelmean_interval": summary["dice_labelmean_interval"],
        "initial_fused": summary["initial"]["dice_fused"],
        "initial_labelmean": summary["initial"]["dice_labelmean"],
    }
    return [*rows, _row("mean of regions", whole)]


def _row(name: str, dice: Summary) -> tuple[str, ...]:
    return (
        name,
        _figure(dice["initial_fused"]),
        _figure(dice["fused"]),
        _interval(dice["fused_interval"]),
        _figure(dice["initial_labelmean"]),
        _figure(dice["labelmean"]),
        _interval(dice["labelmean_interval"]),
    )


def _lines(summary: Summary) -> list[str]:
    missing = f" ({summary['surface_missing']} labels missing)" if summary["surface_missing"] else ""
    return [
        f"headline Dice ({summary['headline']}): {_figure(summary['dice'])}",
        f"label Dice: {_figure(summary['initial']['dice_labels'])} before, {_figure(summary['dice_labels'])} after, "
        f"95 % {_interval(summary['dice_labels_interval'])}",
        f"surface distance: HD95 {_figure(summary['hd95_mm'], 2)} mm, "
        f"ASSD {_figure(summary['assd_mm'], 2)} mm{missing}",
        *_folding(summary),
        *_calibration(summary),
        f"cost: {_figure(summary['seconds'], 2)} s {'an image' if 'images' in summary else 'a pair'}, "
        f"peak memory {_figure(summary['peak_memory_mib'], 0)} MiB",
    ]


def _calibration(summary: Summary) -> list[str]:
    """Only of what was sampled."""
    if "calibration" not in summary:
        return []
    found = summary["calibration"]
    return [
        f"calibration of {summary['samples']} samples: ECE {_figure(found['ece'])}, "
        f"95 % {_interval(found['ece_interval'])}; worst bin {_figure(found['mce'])}; "
        f"Brier {_figure(found['brier'])}; true label in no sample: {_figure(found['missed_percent'], 1)} % of voxels",
        f"uncertainty: {_figure(summary['uncertainty_mm'], 2)} mm, mean over the brain",
    ]


def _folding(summary: Summary) -> list[str]:
    """Only of what has a displacement."""
    if summary["folding_percent"] is None:
        return []
    return [
        f"folding: {_figure(summary['folding_percent'])} % of voxels; SDlogJ {_figure(summary['sdlogj'], 3)}"
    ]


def _figure(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(bounds: Sequence[float | None]) -> str:
    return "-" if None in bounds else "–".join(_figure(bound) for bound in bounds)
