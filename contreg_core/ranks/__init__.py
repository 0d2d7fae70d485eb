"""The processes (ranks) that train one model together, and what a component may ask of the batch they share.

A batch of B items on N ranks is B/N items on each. What a component computes of an item alone needs nothing from here.
The functions below are for the rest: sums over the batch, vectors that are compared across it, random numbers. On one
rank, and outside training, they do the obvious.
"""

from contreg_core.ranks.draws import normal_like, permutation, uniform
from contreg_core.ranks.group import ALONE, Ranks
from contreg_core.ranks.share import Share
from contreg_core.ranks.step import items, together, total, whole

__all__ = [
    "ALONE",
    "Ranks",
    "Share",
    "items",
    "normal_like",
    "permutation",
    "together",
    "total",
    "uniform",
    "whole",
]
