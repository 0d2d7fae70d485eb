"""A run on disk: ``recipe.toml``, ``run.json``, ``metrics.jsonl``, ``checkpoints/*.safetensors``, ``report.html``."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contreg_core.errors import DataError, MissingError, RetryError
from contreg_core.files import append_line, atomic_path, remove_leftovers, storage_error, write_text
from contreg_core.overwriting import refuse_inputs, refuse_overwriting
from contreg_core.plain_json import parse_json


@dataclass(frozen=True)
class RunFolder:
    """Paths and the metrics log of one run."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.toml"

    @property
    def provenance(self) -> Path:
        """Where the run came from: versions, command, data, machine class."""
        return self.path / "run.json"

    @property
    def metrics(self) -> Path:
        """One JSON line per logged step or validation."""
        return self.path / "metrics.jsonl"

    @property
    def skipped(self) -> Path:
        """The batches that were not finite, where a run ended by them."""
        return self.path / "skipped.json"

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    def checkpoint(self, which: str = "last") -> Path:
        """``last``, ``previous`` (the one before it) or ``best``."""
        return self.path / "checkpoints" / f"{which}.safetensors"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process trains here meanwhile, where the file system knows locks; a killed one holds none.

        Raises ``RetryError`` where one does.
        """
        folder = self.checkpoint().parent
        handle = _open_folder(folder)
        try:
            _lock(handle, self.path)
            try:
                yield
            finally:
                for made in (folder, self.path):  # nothing is left of a training that did not begin
                    with suppress(OSError):
                        made.rmdir()
        finally:
            os.close(handle)

    def finished(self) -> list[Path]:
        """What no later command changes."""
        checkpoints = (self.checkpoint(which) for which in ("last", "best"))
        return [self.recipe, self.provenance, self.metrics, *checkpoints]

    def keep_previous(self) -> None:
        """Give ``last`` a second name, ``previous``, before a new one takes its own."""
        last = self.checkpoint("last")
        if last.is_file():
            with atomic_path(self.checkpoint("previous")) as temporary:
                _link_or_copy(last, temporary)

    def evaluation(self, protocol: str, split: str = "test", prediction: Sequence[str] = ()) -> Path:
        """The folder of an evaluation under a protocol; ``prediction`` as that of a ``Registrar``."""
        name = "-".join((protocol.replace("/", "-"), split, *prediction))
        return self.path / "evaluation" / name.replace(" ", "-")

    def model_checkpoint(self) -> Path:
        """The best checkpoint, or the last where no validation was made."""
        for which in ("best", "last"):
            if self.checkpoint(which).is_file():
                return self.checkpoint(which)
        raise MissingError(
            f"{self.path}: no checkpoint in this folder", "give the folder that contreg fit wrote"
        )

    def read_recipe(self) -> str:
        """The TOML of the run that is in this folder; empty where there is none."""
        if not self.recipe.is_file():
            return ""
        try:
            return self.recipe.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.recipe}: cannot be read ({error})", "restore it, or give another --run folder"
            ) from error

    def read_record(self) -> dict[str, Any]:
        """``run.json``; empty where there is none yet. Raises ``DataError`` where it holds no table."""
        try:
            text = self.provenance.read_text(encoding="utf-8") if self.provenance.is_file() else "{}"
            record = parse_json(text)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.provenance}: cannot be read ({error})", "restore it, or train in another folder"
            ) from error
        if not isinstance(record, dict):
            raise DataError(f"{self.provenance}: holds no table", "restore it, or train in another folder")
        return record

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a killed fit."""
        for folder in (self.path, self.checkpoint().parent):
            remove_leftovers(folder)

    def log(self, line: Mapping[str, Any]) -> None:
        """Append one line to the metrics."""
        try:
            append_line(self.metrics, json.dumps(line))
        except OSError as error:
            raise storage_error(error, self.metrics) from error

    def read_metrics(self) -> list[dict[str, Any]]:
        """Every whole line (a killed run may leave half of one); raises ``DataError`` where one is not JSON."""
        if not self.metrics.is_file():
            return []
        whole, _, _ = self.metrics.read_text(encoding="utf-8").rpartition("\n")
        try:
            return [parse_json(line) for line in whole.splitlines() if line.strip()]
        except ValueError as error:
            raise DataError(
                f"{self.metrics}: not JSON lines ({error})", "restore the file or remove it"
            ) from error

    def rewind(self, step: int) -> None:
        """Drop what was logged after ``step`` (and a last line cut short by a kill): a resumed run logs it again."""
        if not self.metrics.is_file():
            return
        kept = [
            line for line in self.metrics.read_text(encoding="utf-8").splitlines() if _logged_by(line, step)
        ]
        write_text(self.metrics, "".join(line + "\n" for line in kept))


def model_file(path: Path) -> Path:
    """The checkpoint a run folder would be used with, or the model file that ``path`` is itself."""
    return RunFolder(path).model_checkpoint() if path.is_dir() else path


def refuse_inputs_of_run(run: RunFolder, *inputs: "str | os.PathLike[str] | None") -> None:
    """Raise ``OutputError`` where a run that begins here would write over what it starts from, or an evaluation."""
    if not run.checkpoint("last").is_file():  # of a run that goes on every file is its own
        given = [file for path in inputs if path is not None for file in model_files(Path(path))]
        checkpoints = (run.checkpoint(which) for which in ("last", "best", "previous"))
        refuse_inputs([run.recipe, run.provenance, run.metrics, run.skipped, *checkpoints], given)
        refuse_overwriting([run.provenance], (), overwrite=None)


def model_files(path: Path) -> list[Path]:
    """All that a run folder tells of its model, or the recipe or model file that ``path`` is itself."""
    if not path.is_dir():
        return [path]
    run = RunFolder(path)
    return [*run.finished(), run.checkpoint("previous")]


def _open_folder(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise storage_error(error, folder) from error


def _lock(handle: int, run: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RetryError(
            f"{run}: another process trains in this folder", "wait for its end, or give another --run folder"
        ) from error
    except OSError:  # a file system without locks
        return


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # file systems without hard links
        shutil.copyfile(source, target)


def _logged_by(line: str, step: int) -> bool:
    try:
        return int(parse_json(line)["step"]) <= step
    except (ValueError, KeyError, TypeError):
        return False
