"""Losses: a registration to one number, lower is better."""
