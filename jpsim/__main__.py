"""``python -m jpsim``: the command line."""

from jpsim.cli import main

if __name__ == "__main__":
    main()
