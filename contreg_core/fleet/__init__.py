"""Cohort work: one function over many items, in this process, in worker processes or on a Dask cluster, in shards.

Every item is its own: done is its output with the key of its sources and settings, renamed into place. So nothing has
to be remembered between runs, a killed worker costs its item one more try, and shards need not know of each other.
"""

from contreg_core.fleet.pools import open_pool
from contreg_core.fleet.report import ItemReport
from contreg_core.fleet.run import Pool, run_all
from contreg_core.fleet.shard import Shard

__all__ = ["ItemReport", "Pool", "Shard", "open_pool", "run_all"]
