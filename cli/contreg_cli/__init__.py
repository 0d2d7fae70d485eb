"""The shell of contreg: one command a file, thin. It knows no model and no study: it asks the catalogue."""
