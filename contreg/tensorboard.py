"""Training curves for TensorBoard, beside ``metrics.jsonl``; needs the extra."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from contreg_core.errors import UnavailableError

if TYPE_CHECKING:
    from contreg_core.training.session import Progress

Mirror: TypeAlias = "Callable[[Progress], None]"


@contextmanager
def events(run: Path, wanted: bool) -> Iterator[Mirror]:
    """A function that writes a report of training to ``RUN/tensorboard``, or does nothing.

    Raises ``UnavailableError`` where it is wanted and TensorBoard is not installed.
    """
    if not wanted:
        yield lambda report: None
        return
    writer = _writer(run / "tensorboard")
    try:
        yield lambda report: _write(writer, report)
    finally:
        writer.close()


def _writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UnavailableError(
            "TensorBoard is not installed", "pip install 'contreg[tensorboard]'"
        ) from error
    return SummaryWriter(str(folder))


def _write(writer: Any, report: "Progress") -> None:
    for name, value in {**report.values, "rate": report.rate}.items():
        writer.add_scalar(f"training/{name}", value, report.step)
    if report.validation is not None:
        writer.add_scalar(f"validation/{report.validation.name}", report.validation.value, report.step)
