"""What a run folder or a model file holds, read from the checkpoint's own record; no plugin is needed to look."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from contreg_cli.console import print_table

Description = dict[str, Any]


def is_model(name: str) -> bool:
    """Whether ``name`` means a run folder with a checkpoint or a model file, rather than something of the catalogue."""
    return name.endswith(".safetensors") or any(Path(name, "checkpoints").glob("*.safetensors"))


def describe_model(path: Path) -> Description:
    """All that the file tells; raises as ``read_checkpoint`` does, so what is described is undamaged."""
    from dataclasses import asdict

    from contreg_core.checkpoint import read_checkpoint
    from contreg_core.inference.trained import recipe_text
    from contreg_core.recipe import load_recipe
    from contreg_core.training.run_folder import model_file

    file = model_file(path)
    checkpoint = read_checkpoint(file)
    text = recipe_text(file, checkpoint)
    recipe, record = load_recipe(text), checkpoint.record
    return {
        "kind": "model",
        "file": file.name,
        "bytes": file.stat().st_size,
        "sha256": record["sha256"],
        "contreg": record.get("contreg", ""),
        "name": recipe.name,
        "summary": recipe.summary,
        "form": recipe.form,
        "values": sum(value.numel() for value in checkpoint.part("model").values()),
        "place": record.get("place", {}),
        "data": record.get("data", {}),
        "preprocessing": asdict(recipe.preprocessing),
        "labels": record.get("labels", []),
        "recipe": text,
        **_exported(record.get("export", {})),
    }


def _exported(export: Mapping[str, Any]) -> Description:
    names = ("written", "licence", "notes", "checkpoint_sha256", "evaluations", "provenance")
    empty: Mapping[str, Any] = {"evaluations": {}, "provenance": {}}
    return {name: export.get(name, empty.get(name, "")) for name in names}


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
    click.echo(f"{model['name']}: {model['summary']}")
    print_table(("", ""), [(name, str(value)) for name, value in facts.items() if value not in (None, "")])
    rows = [_evaluated(summary) for summary in model["evaluations"].values()]
    if rows:
        click.echo()
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
