"""Metrics of a registration, one a file, and the scores of pairs under a protocol (methods.md C.5 to C.7).

scipy and numba are imported where they are used, so that importing this room is cheap.
"""

from contreg_core.evaluation.bootstrap import Interval, PairedTest, bootstrap_interval, paired_test
from contreg_core.evaluation.folding import Regularity, jacobian_determinant, regularity, sdlogj
from contreg_core.evaluation.overlap import Confusion, confusion
from contreg_core.evaluation.score import PairScore, score_pair
from contreg_core.evaluation.similarity import ncc
from contreg_core.evaluation.summary import Summary, summarise
from contreg_core.evaluation.surface import SurfaceDistances, surface_distances
from contreg_core.evaluation.table import write_csv

__all__ = [
    "Confusion",
    "Interval",
    "PairScore",
    "PairedTest",
    "Regularity",
    "Summary",
    "SurfaceDistances",
    "bootstrap_interval",
    "confusion",
    "jacobian_determinant",
    "ncc",
    "paired_test",
    "regularity",
    "score_pair",
    "sdlogj",
    "summarise",
    "surface_distances",
    "write_csv",
]
