"""Trials of reliability.md: each tries a promise many times and counts what broke it."""
