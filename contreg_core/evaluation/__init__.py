"""Metrics of a registration, one a file, and the scores of pairs under a protocol (protocols.md).

scipy and numba are imported where they are used, so that importing this room is cheap.
"""

from contreg_core.evaluation.bootstrap import Interval, PairedTest, bootstrap_interval, paired_test
from contreg_core.evaluation.calibration import Calibration, label_calibration
from contreg_core.evaluation.comparison import Comparison, compare_scores, holm, shared_pairs
from contreg_core.evaluation.folding import Regularity, jacobian_determinant, regularity, sdlogj
from contreg_core.evaluation.overlap import Confusion, confusion
from contreg_core.evaluation.sampled import Sampled
from contreg_core.evaluation.score import PairScore, score_pair
from contreg_core.evaluation.similarity import ncc
from contreg_core.evaluation.summary import Summary, summarise
from contreg_core.evaluation.surface import SurfaceDistances, surface_distances
from contreg_core.evaluation.table import read_csv, write_csv

__all__ = [
    "Calibration",
    "Comparison",
    "Confusion",
    "Interval",
    "PairScore",
    "PairedTest",
    "Regularity",
    "Sampled",
    "Summary",
    "SurfaceDistances",
    "bootstrap_interval",
    "compare_scores",
    "confusion",
    "holm",
    "jacobian_determinant",
    "label_calibration",
    "ncc",
    "paired_test",
    "read_csv",
    "regularity",
    "score_pair",
    "sdlogj",
    "shared_pairs",
    "summarise",
    "surface_distances",
    "write_csv",
]
