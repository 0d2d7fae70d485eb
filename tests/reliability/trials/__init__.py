"""Trials of reliability.md section 7: each tries a promise many times and counts what broke it."""
