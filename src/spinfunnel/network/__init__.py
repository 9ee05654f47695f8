"""Neural networks as landscapes: any PyTorch module with a loss and data, its surfaces, and its Hessian.

Importing this package does not import PyTorch; using a name of it does, and says what to install where it is missing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spinfunnel.landscape import InputError

if TYPE_CHECKING:
    from spinfunnel.network.checkpoint import read_checkpoint
    from spinfunnel.network.directions import Plane, plane_through, random_plane, trajectory_plane
    from spinfunnel.network.landscape import NetworkLandscape
    from spinfunnel.network.span import Span
    from spinfunnel.network.surfaces import Interpolation, Surface, adaptive_surface, interpolation, surface
    from spinfunnel.network.user import is_network, network_from

__all__ = [
    "Interpolation",
    "NetworkLandscape",
    "Plane",
    "Span",
    "Surface",
    "adaptive_surface",
    "interpolation",
    "is_network",
    "network_from",
    "plane_through",
    "random_plane",
    "read_checkpoint",
    "surface",
    "trajectory_plane",
]

_HOME = {
    "Interpolation": "surfaces",
    "NetworkLandscape": "landscape",
    "Plane": "directions",
    "Span": "span",
    "Surface": "surfaces",
    "adaptive_surface": "surfaces",
    "interpolation": "surfaces",
    "plane_through": "directions",
    "random_plane": "directions",
    "surface": "surfaces",
    "trajectory_plane": "directions",
    "is_network": "user",
    "network_from": "user",
    "read_checkpoint": "checkpoint",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import torch  # noqa: F401 - whether it is there
    except ImportError:
        raise InputError("networks need PyTorch, which is not installed: pip install 'spinfunnel[torch]'") from None
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
