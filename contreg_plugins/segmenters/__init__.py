"""Networks that label one image."""
