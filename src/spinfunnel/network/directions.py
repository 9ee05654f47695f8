"""Directions through weight space: filter-normalised random ones, a path's principal components, three solutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.network.loss_landscape import NetworkLandscape

__all__ = ["Plane", "plane_through", "random_plane", "trajectory_plane"]

Normalisation = Literal["filter", "layer", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """An origin and k directions, and the points of interest on them.

    Attributes
    ----------
    origin : torch.Tensor, shape (D,)
    directions : torch.Tensor, shape (k, D)
    kind : str
        In words, for captions.
    path : array of shape (p, k)
        Coordinates of the points that made it, or that were projected onto it; may be empty.
    explained : tuple of float
        Share of the path's variance along each direction; empty where there is no path.
    seed : int or None
        Of random directions.
    """

    origin: torch.Tensor
    directions: torch.Tensor
    kind: str
    path: NDArray[np.float64]
    explained: tuple[float, ...] = ()
    seed: int | None = None


def random_plane(
    landscape: NetworkLandscape,
    centre: torch.Tensor | None = None,
    *,
    seed: int = 0,
    dimensions: int = 2,
    normalisation: Normalisation = "filter",
    biases: bool = False,
) -> Plane:
    """Random Gaussian directions through a point, scaled like the weights there.

    ``d_ij <- d_ij |theta_ij| / |d_ij|`` for filter j of layer i: the weights that lead into one unit or one output
    channel. A step of 1 then changes every filter by its own length, so that networks whose weights differ in scale can
    be compared.

    Parameters
    ----------
    landscape : NetworkLandscape
    centre : torch.Tensor, shape (D,), optional
        The model itself unless given.
    seed : int
        The same seed draws the same directions on every machine and device.
    dimensions : int
        1 to 3.
    normalisation : {"filter", "layer", "none"}
        "layer" scales each parameter tensor as a whole; "none" leaves the Gaussian numbers.
    biases : bool
        Whether parameters with one axis (biases, batch norm) move, too; by default they stay, as in the source.

    Source: Li, Xu, Taylor, Studer, Goldstein, NeurIPS (2018).

    Examples
    --------
    >>> from spinfunnel.systems import perceptron
    >>> network = perceptron(3, data="xor", seed=1)
    >>> plane = random_plane(network, seed=5)
    >>> weights = network.state(network.start)["0.weight"]
    >>> moved = network.state(plane.directions[0])["0.weight"]
    >>> bool(torch.allclose(moved.norm(dim=1), weights.norm(dim=1)))
    True
    """
    if not 1 <= dimensions <= 3:
        raise InputError(f"dimensions={dimensions} is out of range: give 1, 2 or 3")
    if normalisation not in ("filter", "layer", "none"):
        raise InputError(f"normalisation={normalisation} is unknown: give filter, layer or none")
    if seed < 0:
        raise InputError(f"seed={seed} is out of range: give 0 or more")
    origin = landscape.start if centre is None else _vector(landscape, centre)
    rng = np.random.default_rng([seed, 19])
    drawn = torch.as_tensor(rng.standard_normal((dimensions, landscape.dimension)))
    directions = drawn.to(landscape.device, landscape.dtype)
    for direction in directions:
        _scale(landscape, direction, origin, normalisation=normalisation, biases=biases)
    words = {"filter": "filter-normalised ", "layer": "layer-normalised ", "none": ""}[normalisation]
    kind = f"{dimensions} {words}random direction{'s' if dimensions > 1 else ''} through the model"
    return Plane(origin, directions, kind, np.zeros((1, dimensions)), seed=seed)


def _scale(
    landscape: NetworkLandscape, direction: torch.Tensor, origin: torch.Tensor, *, normalisation: str, biases: bool
) -> None:
    for block in landscape.layout:
        part = direction[block.start : block.stop].view(block.shape)
        weights = origin[block.start : block.stop].view(block.shape)
        if len(block.shape) < 2 and not biases:
            part.zero_()
        elif normalisation != "none":
            rows = (len(part), -1) if normalisation == "filter" and part.ndim else (1, -1)
            flat, like = part.view(rows), weights.reshape(rows)
            length = flat.norm(dim=1, keepdim=True)
            flat *= like.norm(dim=1, keepdim=True) / length.clamp_min(torch.finfo(flat.dtype).tiny)


def trajectory_plane(landscape: NetworkLandscape, path: Sequence[Any], *, dimensions: int = 2) -> Plane:
    """Plane of a training path's principal components about its last point.

    Parameters
    ----------
    landscape : NetworkLandscape
    path : sequence of torch.Tensor, shape (D,)
        Weights along training, the last one being where it ended; at least `dimensions` + 1 of them.
    dimensions : int
        1 to 3.

    Returns
    -------
    Plane
        Directions of unit length; `explained` is the share of ``sum_t |theta_t - theta_end|^2`` along each.

    Notes
    -----
    High-dimensional random walks, too, put most of their variance into two components (Antognini, Sohl-Dickstein,
    NeurIPS 2018): a large share is no sign of a simple path.

    Source: Li, Xu, Taylor, Studer, Goldstein, NeurIPS (2018), section 7.
    """
    if len(path) < dimensions + 1:
        raise InputError(
            f"a path of {len(path)} points spans no {dimensions} directions: give {dimensions + 1} or more"
        )
    points = torch.stack([_vector(landscape, point) for point in path])
    end = points[-1]
    away = (points - end).double()
    # The smaller of the two Gram matrices: the number of points is far below that of weights.
    values, vectors = torch.linalg.eigh(away @ away.T)
    order = torch.argsort(values, descending=True)[:dimensions]
    total = float(values.clamp_min(0).sum())
    if not float(values[order[-1]]) > 1e-12 * max(total, 1e-300):
        raise InputError(
            f"the path does not leave a space of fewer than {dimensions} dimensions; ask for fewer directions"
        )
    directions = (vectors[:, order] / values[order].sqrt()).T @ away
    largest = directions.abs().argmax(dim=1, keepdim=True)
    directions = directions * directions.gather(1, largest).sign()
    place = (away @ directions.T).cpu().numpy()
    explained = tuple(float(values[k]) / total for k in order)
    kind = "the principal components of the training path, about its end"
    return Plane(end, directions.to(landscape.dtype), kind, place, explained)


def plane_through(landscape: NetworkLandscape, solutions: Sequence[Any]) -> Plane:
    """Plane through three solutions, with the first as origin and an orthonormal basis.

    Raises
    ------
    InputError
        Unless there are three that do not lie on one line.

    Source: Garipov, Izmailov, Podoprikhin, Vetrov, Wilson, NeurIPS (2018).
    """
    if len(solutions) != 3:
        raise InputError(f"a plane goes through 3 solutions, not {len(solutions)}")
    first, second, third = (_vector(landscape, point).double() for point in solutions)
    u, v = second - first, third - first
    length = float(u.norm())
    along = u / max(length, 1e-300)
    rest = v - (v @ along) * along
    if length == 0.0 or float(rest.norm()) <= 1e-6 * float(v.norm()):
        raise InputError("the three solutions lie on one line and span no plane; take other ones")
    across = rest / rest.norm()
    place = np.array([[0.0, 0.0], [length, 0.0], [float(v @ along), float(v @ across)]])
    directions = torch.stack([along, across]).to(landscape.dtype)
    return Plane(first.to(landscape.dtype), directions, "the plane through three solutions", place)


def _vector(landscape: NetworkLandscape, point: Any) -> torch.Tensor:
    vector = torch.as_tensor(point, dtype=landscape.dtype, device=landscape.device).detach()
    if vector.shape != (landscape.dimension,):
        raise InputError(
            f"weights of {landscape.name} are {landscape.dimension} numbers, got shape {tuple(vector.shape)}"
        )
    if not bool(torch.isfinite(vector).all()):
        raise InputError("these weights are not finite numbers: look at the training that made them")
    return vector
