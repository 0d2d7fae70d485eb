"""Encoders: a pair of images to features, finest level first."""
