"""Geodesic shooting for image matching: kernels, integrators, the functional and its descent."""
