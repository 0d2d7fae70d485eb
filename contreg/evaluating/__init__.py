"""Evaluating from the shell: what is asked, the model made ready, its pairs scored on workers, the files, the table."""
