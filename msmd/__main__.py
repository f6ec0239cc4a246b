"""``python -m msmd`` is the command line."""

from msmd.cli import main

if __name__ == "__main__":
    main()
