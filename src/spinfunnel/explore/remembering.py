"""What an explorer that does long jobs may ask of whoever calls it: to keep what is finished, and to recall it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Forgetful", "Memory"]


class Memory(Protocol):
    """Answers to the jobs of one exploration, kept as soon as they are there."""

    def recall(self, question: str) -> str | None:
        """Return the answer to a question that was kept before, else None."""
        ...

    def keep(self, question: str, answer: str) -> None:
        """Keep the answer to a question."""
        ...


class Forgetful:
    """A memory that keeps nothing.

    Examples
    --------
    >>> memory = Forgetful()
    >>> memory.keep("a long training", "its end")
    >>> memory.recall("a long training") is None
    True
    """

    def recall(self, question: str) -> str | None:  # noqa: ARG002 - it answers nothing
        """Return None."""
        return None

    def keep(self, question: str, answer: str) -> None:
        """Do nothing."""
