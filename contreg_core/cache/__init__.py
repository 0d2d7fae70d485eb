"""The cache of a prepared cohort: ``cohort.json`` and one immutable HDF5 file per scan."""

from contreg_core.cache.cohort_file import CachedCohort, CachedScan
from contreg_core.cache.location import cache_folder, default_root, find_cache, is_cache
from contreg_core.cache.subject_file import CachedSubject, read_subject, write_subject

__all__ = [
    "CachedCohort",
    "CachedScan",
    "CachedSubject",
    "cache_folder",
    "default_root",
    "find_cache",
    "is_cache",
    "read_subject",
    "write_subject",
]
