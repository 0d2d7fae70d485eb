"""Compiled loops. Nothing imports this package before the first call on a CPU: numba takes a third of a second."""
