"""Networks judged by their solutions: trained, aligned, connected, measured beside shuffled labels."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinfunnel.solutions.judged_points import judge_stationary
    from spinfunnel.solutions.judging import judge_network

__all__ = ["judge_network", "judge_stationary"]

_HOME = {"judge_network": "judging", "judge_stationary": "judged_points"}


def __getattr__(name: str) -> Any:
    """Import a public name, and with it PyTorch, when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
