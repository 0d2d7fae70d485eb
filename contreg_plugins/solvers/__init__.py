"""Solvers: a pair to a field, without training."""
