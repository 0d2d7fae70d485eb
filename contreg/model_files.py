"""What a run folder or a model file holds, read from the checkpoint's own record; no plugin is needed to look."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
        "values": sum(value.numel() for value in checkpoint.weights.values()),
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
