"""Solvers: what optimises one pair and needs no training."""
