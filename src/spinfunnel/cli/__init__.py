"""The command ``spinfunnel``: thin, one command, one library call.

Nothing heavy is imported at module level, so that ``spinfunnel --help`` answers at once.
"""

from __future__ import annotations

from spinfunnel.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line and end the process with its exit status."""
    app(prog_name="spinfunnel")
