"""A BIDS derivative on disk: is it one, and which volumes does it hold of whom."""

from pathlib import Path
from typing import Any

from contreg_adapters.bids.naming import BidsFile, parse
from contreg_core.errors import AccessError, ContregError, DataError, MissingError
from contreg_core.plain_json import parse_json

_DESCRIPTION = "dataset_description.json"
_PLACES = ("sub-*/anat/*.nii*", "sub-*/ses-*/anat/*.nii*")


def volumes(source: Path | None) -> dict[str, list[BidsFile]]:
    """Scan (``sub-01`` or ``sub-01_ses-a``) -> its anatomical volumes, scans and files in order of their names.

    Raises ``MissingError`` or ``DataError`` where ``source`` is no derivative.
    """
    if source is None:
        raise MissingError("bids needs the folder of a BIDS derivative", "name it with --source")
    _check(source)
    found: dict[str, list[BidsFile]] = {}
    for path in sorted(path for place in _PLACES for path in source.glob(place)):
        file = parse(path, ".nii.gz", ".nii")
        if file is not None and file.scan.startswith("sub-"):
            found.setdefault(file.scan, []).append(file)
    if not found:
        raise MissingError(f"{source}: no volume; looked for {' and '.join(_PLACES)}", "check the folder")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises ``AccessError`` or ``DataError``."""
    try:
        read = parse_json(path.read_text(encoding="utf-8-sig"))
    except PermissionError as error:
        raise AccessError(f"{path}: no permission to read", "ask its owner, or change its mode") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: no readable JSON ({error})", "restore it from its source") from error
    if not isinstance(read, dict):
        raise DataError(
            f"{path}: {type(read).__name__}, expected a JSON object", "restore it from its source"
        )
    return read


def _check(source: Path) -> None:
    if not source.is_dir():
        raise MissingError(f"{source}: no such folder", "name the folder of a BIDS derivative with --source")
    path = source / _DESCRIPTION
    if not path.is_file():
        raise MissingError(f"{source}: no {_DESCRIPTION}, expected one of a BIDS derivative", _remedy(source))
    kind = read_json(path).get("DatasetType", "derivative")  # derivatives older than BIDS 1.4 do not say
    if kind != "derivative":
        raise DataError(
            f"{path}: DatasetType is {kind!r}, expected 'derivative': brains extracted and aligned",
            _remedy(source),
        )


def _remedy(source: Path) -> str:
    """The derivatives below, if there are any."""
    paths = sorted({*source.glob(f"*/{_DESCRIPTION}"), *source.glob(f"*/*/{_DESCRIPTION}")})
    below = [str(path.parent.relative_to(source)) for path in paths if _is_derivative(path)]
    if below:
        return f"name one of {', '.join(below)} in it with --source"
    return "name the derivative's folder with --source, or list the scans in a CSV file (--data manifest)"


def _is_derivative(path: Path) -> bool:
    try:
        return bool(read_json(path).get("DatasetType", "derivative") == "derivative")
    except ContregError:
        return False
