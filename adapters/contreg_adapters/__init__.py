"""Cohort adapters: one study a file, brought in by the plugin door."""
