"""Layers that encoders and decoders share; no components of their own."""
