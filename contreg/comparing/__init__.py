"""Evaluations side by side: reading them, what may be compared, the differences, the table."""
