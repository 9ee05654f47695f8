"""Neural networks as landscapes: any PyTorch module with a loss and data, its surfaces, and its Hessian.

Importing this package does not import PyTorch; using a name of it does, and says what to install where it is missing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spinfunnel.landscape import InputError

if TYPE_CHECKING:
    from spinfunnel.network.aging import TwoTime, two_time
    from spinfunnel.network.curvature import Curvature, dense_hessian
    from spinfunnel.network.directions import Plane, plane_through, random_plane, trajectory_plane
    from spinfunnel.network.hessian import (
        Eigenvalues,
        LayerFigures,
        SpectralDensity,
        eigenvalues,
        index,
        layer_figures,
        spectral_density,
        trace,
    )
    from spinfunnel.network.loss_landscape import NetworkLandscape
    from spinfunnel.network.loss_planes import Interpolation, Surface, adaptive_surface, interpolation, surface
    from spinfunnel.network.own_network import is_network, network_from
    from spinfunnel.network.span import Span
    from spinfunnel.network.spectra import LayerSpectrum, PowerLaw, layer_spectra, power_law

__all__ = [
    "Curvature",
    "Eigenvalues",
    "Interpolation",
    "LayerFigures",
    "LayerSpectrum",
    "NetworkLandscape",
    "Plane",
    "PowerLaw",
    "Span",
    "SpectralDensity",
    "Surface",
    "TwoTime",
    "adaptive_surface",
    "dense_hessian",
    "eigenvalues",
    "index",
    "interpolation",
    "is_network",
    "layer_figures",
    "layer_spectra",
    "network_from",
    "plane_through",
    "power_law",
    "random_plane",
    "spectral_density",
    "surface",
    "trace",
    "trajectory_plane",
    "two_time",
]

_HOME = {
    "Curvature": "curvature",
    "Eigenvalues": "hessian",
    "Interpolation": "loss_planes",
    "LayerFigures": "hessian",
    "LayerSpectrum": "spectra",
    "NetworkLandscape": "loss_landscape",
    "Plane": "directions",
    "PowerLaw": "spectra",
    "Span": "span",
    "SpectralDensity": "hessian",
    "Surface": "loss_planes",
    "TwoTime": "aging",
    "adaptive_surface": "loss_planes",
    "dense_hessian": "curvature",
    "eigenvalues": "hessian",
    "index": "hessian",
    "interpolation": "loss_planes",
    "is_network": "own_network",
    "layer_figures": "hessian",
    "layer_spectra": "spectra",
    "network_from": "own_network",
    "plane_through": "directions",
    "power_law": "spectra",
    "random_plane": "directions",
    "spectral_density": "hessian",
    "surface": "loss_planes",
    "trace": "hessian",
    "trajectory_plane": "directions",
    "two_time": "aging",
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
