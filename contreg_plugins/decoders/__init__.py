"""Decoders: features to a field."""
