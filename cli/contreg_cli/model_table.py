"""What a model file holds, on the screen."""

from collections.abc import Mapping
from typing import Any

from contreg.model_files import Description
from contreg_cli.console import print_table
from contreg_cli.saying import echo


def print_model(model: Description) -> None:
    """For people; ``--json`` has the recipe and the label table in full."""
    data, place, origin = model["data"], model["place"], model["provenance"]
    facts = {
        "file": f"{model['file']}, {model['bytes'] / 1e6:.1f} MB, {model['values']:,} values",
        "SHA-256": f"{model['sha256']}, verified",
        "trained on": f"{data.get('cohort')}, {len(data.get('training', ()))} scans",
        "grid": _joined(data.get("grid"), " x "),
        "steps": place.get("step"),
        "best validation": place.get("best"),
        "preprocessing": ", ".join(f"{key} {_text(value)}" for key, value in model["preprocessing"].items()),
        "landmarks": _joined(data.get("landmarks"), " "),
        "labels": len(model["labels"]),
        "classes": _joined([one["name"] for one in data.get("classes", ())], ", "),
        "licence": model["licence"],
        "notes": model["notes"],
        "written": model["written"],
        "made by": f"contreg {model['contreg']}{_plugins(origin)}",
        "command": _joined(origin.get("command"), " "),
    }
    echo(f"{model['name']}: {model['summary']}")
    print_table(("", ""), [(name, str(value)) for name, value in facts.items() if value not in (None, "")])
    rows = [_evaluated(summary) for summary in model["evaluations"].values()]
    if rows:
        echo()
        print_table(("protocol", "split", "pairs", "Dice", "before", "95 %"), rows)


def _evaluated(summary: Mapping[str, Any]) -> tuple[str, ...]:
    kind = f"dice_{summary['headline']}"
    before, interval = summary["initial"][kind], summary[f"{kind}_interval"]
    figures = (_figure(summary["dice"]), _figure(before), "-".join(map(_figure, interval)))
    return (summary["protocol"], summary["split"], str(summary["pairs"]), *figures)


def _plugins(origin: Mapping[str, Any]) -> str:
    others = [f"{name} {version}" for name, version in origin.get("plugins", {}).items() if name != "contreg"]
    return f" with {', '.join(others)}" if others else ""


def _joined(values: Any, by: str) -> str:
    return by.join(map(str, values or ()))


def _text(value: object) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
