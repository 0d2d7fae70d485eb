"""The rows of a comparison: measures of every model and its paired difference to another."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from contreg.comparing.scored import ScoredModel

if TYPE_CHECKING:
    from contreg_core.evaluation import Comparison

Row = dict[str, Any]
MEASURES = (
    *("dice_fused", "dice_fused_interval", "dice_labelmean", "dice_labelmean_interval"),
    *("dice_labels", "dice_labels_interval", "hd95_mm", "assd_mm", "folding_percent", "sdlogj"),
    *("seconds", "peak_memory_mib"),
)


def compare(models: Sequence[ScoredModel], baseline: ScoredModel) -> list[Row]:
    """One row a model with its difference to the ``baseline``."""
    return with_differences([(model, None if model is baseline else baseline) for model in models])


def with_differences(pairs: Sequence[tuple[ScoredModel, ScoredModel | None]]) -> list[Row]:
    """A row for each (model, what it is compared with); p-values are corrected over all rows."""
    from contreg_core.evaluation import compare_scores, holm

    found = [
        None if other is None else compare_scores(model.scores, other.scores, model.headline)
        for model, other in pairs
    ]
    adjusted = holm([math.nan if item is None else item.p_value for item in found])
    return [
        {**measures(model), "difference": _difference(item, other, p)}
        for (model, other), item, p in zip(pairs, found, adjusted, strict=True)
    ]


def measures(model: ScoredModel) -> Row:
    """Name, pairs, and every measure of the summary (None where it was not made)."""
    summary = model.summary
    return {
        "name": model.name,
        "model": summary["model"],
        "pairs": len(model.scores),
        **{key: summary.get(key) for key in MEASURES},
    }


def _difference(found: "Comparison | None", other: ScoredModel | None, adjusted: float) -> Row | None:
    if found is None or other is None:
        return None
    return {
        "to": other.name,
        "dice": _present(found.difference),
        "interval": [_present(found.low), _present(found.high)],
        "p_value": _present(found.p_value),
        "p_holm": _present(adjusted),
        "pairs": found.pairs,
    }


def _present(value: float) -> float | None:
    return None if math.isnan(value) else value
