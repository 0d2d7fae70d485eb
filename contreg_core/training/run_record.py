"""``run.json``: where a run comes from, how it went, how it ended. The one place that writes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from contreg_core.errors import ContregError
from contreg_core.files import storage_error, write_json
from contreg_core.plain_json import parse_json
from contreg_core.provenance import finished, now
from contreg_core.sums import is_listed, record_sums
from contreg_core.training.run_folder import RunFolder


class RunRecord:
    """The record in a run's folder; ``warnings`` are added to it whenever something else is."""

    def __init__(self, run: RunFolder, warnings: list[str]) -> None:
        self.run, self.warnings = run, warnings

    def so_far(self) -> dict[str, Any]:
        """What it says so far; nothing where it is gone or damaged, for training needs none of it.

        Raises ``StorageError`` where it is there and cannot be read: what is written next would lose it.
        """
        try:
            found = parse_json(self.run.provenance.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        except OSError as error:
            raise storage_error(error, self.run.provenance) from error
        return found if isinstance(found, dict) else {}

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Of a run that starts."""
        write_json(self.run.provenance, facts)

    def go_on(self, step: int, here: Mapping[str, Any]) -> None:
        """Of one that goes on: after which step, and what is not as it was."""
        before = self.so_far()
        changed = {key: value for key, value in here.items() if before.get(key) != value}
        self.add(resumed=[*before.get("resumed", []), {"step": step, **changed}])

    def add(self, **facts: Any) -> None:
        """More facts."""
        before = self.so_far()
        warnings = list(dict.fromkeys((*before.get("warnings", []), *self.warnings)))
        write_json(self.run.provenance, {**before, **facts, "warnings": warnings})

    def finish(self, facts: Mapping[str, Any]) -> None:
        """The end, and checksums of what no later command changes; done before, it stays as it is."""
        record = self.so_far()
        if "finished" not in record or "stopped" in record:
            warnings = record.get("warnings", [])
            record = {key: value for key, value in record.items() if key not in ("stopped", "message")}
            write_json(self.run.provenance, finished(record) | {"warnings": warnings, **facts})
        if not is_listed(self.run.provenance):  # it is written last but one
            record_sums(self.run.path, filter(Path.is_file, self.run.finished()))

    @contextmanager
    def watching(self, first: bool) -> Iterator[None]:
        """Say how the block ended where it did not end well; ``first``: this rank writes."""
        try:
            yield
        except ContregError as error:
            if first:
                with suppress(ContregError):  # where training failed for want of space, this fails too
                    self.add(stopped=now(), exit_code=error.exit_code, message=error.message)
            raise
