"""CSV files read as rows of text, whatever program wrote them."""

import csv
import io
import os
from collections.abc import Collection
from pathlib import Path

from contreg_core.errors import AccessError, DataError, MissingError
from contreg_core.printable import printable

_LONGEST_NAME = 200
"""Bytes: of the 255 of most disks, less what is put before and after."""
_NOTHING = "n/a"
"""An empty cell, as BIDS writes it."""


def read_rows(path: Path, required: Collection[str]) -> list[tuple[int, dict[str, str]]]:
    """(line number, column -> text) of every row that is not empty; names of columns are lower case.

    Accepts comma, semicolon or tab, and the byte-order mark of spreadsheets. Raises ``MissingError``,
    ``AccessError`` or ``DataError``.
    """
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(path, header, required)
        return [(reader.line_num, _row(header, cells)) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}", "save it as CSV again") from error


def can_name_a_file(name: str) -> bool:
    """Whether ``name`` is that of one file in the folder it is put in, on any system, and shows as it is.

    >>> [can_name_a_file(name) for name in ("sub-01", "..", "a/b", "a\\\\b", "a\\x1b[31m", "")]
    [True, False, False, False, False, False]
    """
    whole = name == printable(name) and not set(name) & set("/\\\t\n")
    return whole and name.strip(". ") != "" and len(os.fsencode(name)) <= _LONGEST_NAME


def problems_error(path: Path, problems: list[str]) -> DataError:
    """Everything wrong with one file."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return DataError(f"{path}: {count}: {'; '.join(problems)}", "mend these and run again")


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: no readable text ({error})", "save it as CSV in UTF-8") from error
    except PermissionError as error:
        raise AccessError(f"{path}: no permission to read", "ask its owner, or change its mode") from error
    except OSError as error:
        raise MissingError(f"{path}: {error.strerror}", "check the name") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DataError(f"{path}, line {line}: a NUL, which no text has", "save it as CSV in UTF-8")
    return text


def _check_header(path: Path, header: list[str], required: Collection[str]) -> None:
    missing = [name for name in required if name not in header]
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if missing or doubled:
        what = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(doubled)} twice"
        raise DataError(
            f"{path}: the first line {what}; it reads {', '.join(header)!r}", "name each column once"
        )


def _row(header: list[str], cells: list[str]) -> dict[str, str]:
    """Cells by column, ``n/a`` empty; what lies beyond the last column is kept under an empty name, to be refused."""
    known = zip(header, (cell.strip() for cell in cells), strict=False)
    row = {name: "" if cell == _NOTHING else cell for name, cell in known if name}
    beyond = ", ".join(cell.strip() for cell in cells[len(header) :] if cell.strip())
    return {**row, "": beyond} if beyond else row
