"""One command a file; each module has a ``command``, and imports what it works with inside it."""
