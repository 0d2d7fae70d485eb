"""``python -m contreg_cli`` is ``contreg``."""

from contreg_cli.main import main

if __name__ == "__main__":  # a spawned worker imports this file too
    main()
