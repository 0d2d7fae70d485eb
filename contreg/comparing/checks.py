"""What may be compared: one protocol, one split of one prepared cohort, the same pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contreg.comparing.scored import ScoredModel
from contreg.front import front
from contreg_core.errors import MismatchError
from contreg_core.parameters import unknown


def named(models: Sequence[ScoredModel]) -> list[ScoredModel]:
    """The same with names that differ: the folder is named where a model comes twice."""
    names = [model.name for model in models]
    return [
        replace(model, name=str(model.folder)) if names.count(model.name) > 1 else model for model in models
    ]


def check_comparable(models: Sequence[ScoredModel], *, across_caches: bool = False) -> None:
    """Raise ``MismatchError`` where protocol, cohort, split or cache differ: the figures would not mean the same."""
    same = ("protocol", "data", "split", *([] if across_caches else ["cache"]))
    for key in same:
        found = {model.name: str(model.summary[key]) for model in models}
        if len(set(found.values())) > 1:
            listing = ", ".join(f"{name}: {value}" for name, value in found.items())
            raise MismatchError(f"{_WORDS[key]} differ ({listing})", _REMEDIES[key])
    _check_scans(models, across_caches=across_caches)


def _check_scans(models: Sequence[ScoredModel], *, across_caches: bool) -> None:
    """Refuse scores of other scans that have the same names; say so where it is not known which scans they were."""
    kept: list[tuple[ScoredModel, Mapping[str, object]]] = [
        (model, model.sources if across_caches else model.scans) for model in models
    ]
    untold = [str(model.folder) for model, sums in kept if not sums]
    known = [(model, sums) for model, sums in kept if sums]
    for model, sums in known[1:]:
        first, others = known[0]
        changed = sorted(scan for scan in sums.keys() & others.keys() if sums[scan] != others[scan])
        if not changed:
            continue
        found = f"{len(changed)} scans of the same names are others ({', '.join(changed[:_NAMED])})"
        where = f"{first.folder} and {model.folder}"
        if not across_caches:
            raise MismatchError(
                f"{where}: {found}, so that one of them has the scores of old data",
                "evaluate both again, or give --across-caches to compare all the same",
            )
        front().warn(f"{where}: {found}: they were made from other files")
    if untold and not across_caches:
        front().warn(
            f"{', '.join(untold)}: does not tell the sums of its scans; whether they are the others' is not known"
        )


_NAMED = 5


_WORDS = {"protocol": "protocols", "data": "cohorts", "split": "splits", "cache": "caches (preprocessing)"}
_REMEDIES = {
    "protocol": "evaluate all of them with one --protocol",
    "data": "evaluate all of them with one --data",
    "split": "evaluate all of them with one --split",
    "cache": "give --across-caches to compare over different preprocessing all the same",
}


def on_common_pairs(models: Sequence[ScoredModel], *, common: bool) -> list[ScoredModel]:
    """All on one set of pairs; raises ``MismatchError`` where the sets differ and ``common`` does not allow it."""
    from contreg_core.evaluation import shared_pairs

    if len({model.pairs for model in models}) <= 1:
        return list(models)
    shared = shared_pairs([model.scores for model in models])
    counts = ", ".join(f"{model.name}: {len(model.scores)}" for model in models)
    found = f"the pairs differ ({counts}; {len(shared)} in all of them)"
    if not shared:
        raise MismatchError(found, "evaluate all of them on the same pairs")
    if not common:
        raise MismatchError(
            found, "give --common to compare on those, or evaluate all of them on the same pairs"
        )
    return [model.only(shared) for model in models]


def find_baseline(models: Sequence[ScoredModel], wanted: str | None) -> ScoredModel:
    """The model of that name or folder; raises ``UsageError`` naming those there are."""
    for model in models:
        if wanted is None or wanted in (model.name, str(model.folder)):
            return model
    names = [model.name for model in models]
    raise unknown(f"no evaluation '{wanted}' to compare with", str(wanted), names, "evaluations")
