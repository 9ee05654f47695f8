"""Networks judged by their solutions: trained, aligned, connected, measured beside shuffled labels."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinfunnel.solutions.judging import judge_network

__all__ = ["judge_network"]


def __getattr__(name: str) -> Any:
    """Import a public name, and with it PyTorch, when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.judging"), name)
