"""Warpers: a field to a displacement."""
