"""``python -m ebbtide`` is the command line."""

from ebbtide.cli.app import main

if __name__ == "__main__":
    main()
