"""A small network's surroundings: loss surface, interpolation, Hessian spectrum, spectra of the weights."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

from spinfunnel import plot
from spinfunnel.network import Curvature, eigenvalues, interpolation, layer_spectra, spectral_density, surface
from spinfunnel.network import trajectory_plane as plane_of_path
from spinfunnel.systems import resolve

mpl.use("Agg")


def main() -> None:
    """Train by plain gradient descent, then look around."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
    network = resolve("network:width=24,samples=400,dtype=float32", seed=1)
    weights = network.start.clone()
    path = [weights.clone()]
    for step in range(150):
        _, gradient = network.value_and_gradient(weights[None])
        weights -= 1.5 * gradient[0]
        if step % 10 == 9:
            path.append(weights.clone())
    curvature = Curvature(network, weights)
    pictures = {
        "network_surface": plot.loss_surface(surface(network, plane_of_path(network, path), points=31)),
        "network_line": plot.loss_line(interpolation(network, path[0], weights, points=51, test=True)),
        "network_hessian": plot.hessian_density(
            spectral_density(curvature, steps=60, probes=6), largest=eigenvalues(curvature)
        ),
        "network_weights": plot.weight_spectra(layer_spectra(network, weights, resamples=50)),
    }
    for name, axes in pictures.items():
        axes.figure.savefig(folder / f"{name}.png", dpi=110)
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main()
