"""Where caches live: ``ROOT/COHORT-KEY/``, the key a hash of the preprocessing and the schema."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from contreg_core.cache.subject_file import SCHEMA
from contreg_core.plain_json import parse_json
from contreg_core.preprocessing.spec import Preprocessing


def default_root() -> Path:
    """The platform's user cache folder."""
    return user_cache_path("contreg")


def spec_key(spec: Preprocessing) -> str:
    """Twelve hexadecimal digits that change with any setting of the preprocessing or of the schema."""
    text = json.dumps({"schema": SCHEMA, "preprocessing": spec.record()}, sort_keys=True)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:12]


def cache_folder(root: Path, cohort: str, spec: Preprocessing) -> Path:
    """The folder of one cohort under one preprocessing."""
    return root / f"{cohort}-{spec_key(spec)}"


def is_cache(folder: Path) -> bool:
    """Whether contreg's own record says that it prepared a cohort here, or began to.

    That is its ``cohort.json`` or, where that is not written yet or damaged, the work list of ``prepare``.
    """
    from contreg_core.fleet.work_list import is_prepared

    with suppress(OSError, ValueError):
        record = parse_json((folder / "cohort.json").read_text(encoding="utf-8"))
        if isinstance(record, dict) and record.keys() >= _OF_COHORT:
            return True
    return is_prepared(folder)


_OF_COHORT = {"schema", "name", "preprocessing", "scans", "failed"}


def find_cache(root: Path, cohort: str, spec: Preprocessing) -> Path | None:
    """That folder if something was prepared in it, else None."""
    folder = cache_folder(root, cohort, spec)
    return folder if (folder / "cohort.json").is_file() else None
