"""``python -m spinfunnel`` is the command ``spinfunnel``."""

from spinfunnel.cli import main

if __name__ == "__main__":
    main()
