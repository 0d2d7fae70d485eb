"""contreg in Python: what the shell does, as functions. Importing it costs nothing: torch is loaded when it is needed.

>>> import contreg
>>> result = contreg.register("moving.nii.gz", "fixed.nii.gz")  # doctest: +SKIP
>>> result.save("out")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from contreg_core import __version__
from contreg_core.errors import ContregError

if TYPE_CHECKING:
    from contreg.evaluating.public import Evaluation, compare, evaluate
    from contreg.fitting import Run, fit
    from contreg.front import ContregWarning, Front, using
    from contreg.loading import LoadedModel, load
    from contreg.preparing import prepare
    from contreg.registration import RegistrationResult, register
    from contreg.reporting import report
    from contreg.segmentation import SegmentationResult, segment

_HOMES = {
    "compare": "evaluating.public",
    "ContregWarning": "front",
    "evaluate": "evaluating.public",
    "Evaluation": "evaluating.public",
    "fit": "fitting",
    "Front": "front",
    "load": "loading",
    "LoadedModel": "loading",
    "prepare": "preparing",
    "register": "registration",
    "RegistrationResult": "registration",
    "report": "reporting",
    "Run": "fitting",
    "segment": "segmentation",
    "SegmentationResult": "segmentation",
    "using": "front",
}

__all__ = [
    "ContregError",
    "ContregWarning",
    "Evaluation",
    "Front",
    "LoadedModel",
    "RegistrationResult",
    "Run",
    "SegmentationResult",
    "__version__",
    "compare",
    "evaluate",
    "fit",
    "load",
    "prepare",
    "register",
    "report",
    "segment",
    "using",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'contreg' has no attribute {name!r}")
    return getattr(import_module(f"contreg.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
