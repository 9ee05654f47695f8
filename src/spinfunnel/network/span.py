"""Energies along lines, on planes and in boxes through weight space: ``theta = origin + sum_i c_i d_i``, exactly."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.network.loss_landscape import NetworkLandscape
from spinfunnel.network.objective import exact_attention
from spinfunnel.network.stack import recognise
from spinfunnel.network.stack_losses import Layers

__all__ = ["Span"]

AGREEMENT = {torch.float32: 2e-4, torch.float64: 1e-9}
"""Relative difference of the quick and the plain path that is rounding and nothing else."""


class Span:
    """The points ``origin + c @ directions`` of weight space.

    Parameters
    ----------
    landscape : NetworkLandscape
    origin : torch.Tensor, shape (D,)
    directions : torch.Tensor, shape (k, D)
    quick : bool
        Whether known layers may be computed by the quick path: the first layer affine in the coordinates, several
        points at once. It is used only where it agrees with the model's own forward pass at three points.

    Attributes
    ----------
    path : {"layers", "plain"}
        Which was taken.

    Examples
    --------
    >>> from torch import nn
    >>> x = torch.tensor([[1.0], [2.0]])
    >>> line = NetworkLandscape(nn.Linear(1, 1, bias=False), nn.MSELoss(), (x, x))
    >>> Span(line, torch.ones(1), torch.ones(1, 1)).energies(np.array([[0.0], [2.0]])).tolist()
    [0.0, 10.0]
    """

    def __init__(
        self, landscape: NetworkLandscape, origin: torch.Tensor, directions: torch.Tensor, *, quick: bool = True
    ) -> None:
        self.landscape = landscape
        self.origin = origin.detach().to(landscape.device, landscape.dtype)
        self.directions = directions.detach().to(landscape.device, landscape.dtype)
        if self.origin.shape != (landscape.dimension,) or self.directions.shape[1:] != self.origin.shape:
            raise InputError(
                f"a plane of {landscape.name} needs an origin of shape ({landscape.dimension},) and directions of "
                f"shape (k, {landscape.dimension}), got {tuple(origin.shape)} and {tuple(directions.shape)}"
            )
        stack = recognise(landscape) if quick else None
        self._layers = None if stack is None else Layers(landscape, stack, self.origin, self.directions)
        if self._layers is not None and not self._agrees():
            self._layers = None
        self.path = "plain" if self._layers is None else "layers"

    def energies(self, place: NDArray[np.float64], *, progress: Progress = no_progress) -> NDArray[np.float64]:
        """Energies (m,) at coordinates (m, k); what is not a finite number is returned as it is."""
        where = np.ascontiguousarray(place, dtype=np.float64)
        if where.ndim != 2 or where.shape[1] != len(self.directions):
            raise InputError(f"coordinates here are rows of {len(self.directions)} numbers, got shape {where.shape}")
        with torch.no_grad(), exact_attention():
            if self._layers is None:
                losses = self._plain(where, progress)
            else:
                losses = self._layers.losses(where, progress)
                # Sums in another order can overflow elsewhere; the model itself says what is infinite and what is NaN.
                strange = ~np.isfinite(losses)
                losses[strange] = self._plain(where[strange], no_progress)
        return losses + self._decay(where)

    def _plain(self, place: NDArray[np.float64], progress: Progress) -> NDArray[np.float64]:
        losses = np.empty(len(place))
        for number, row in enumerate(place):
            losses[number] = float(self.landscape.loss(self.point(row)))
            progress("surface", (number + 1) / len(place))
        return losses

    def point(self, place: NDArray[np.float64]) -> torch.Tensor:
        """Weight vector (D,) at coordinates (k,)."""
        return (
            self.origin + torch.as_tensor(place, dtype=self.origin.dtype, device=self.origin.device) @ self.directions
        )

    def _decay(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weight decay, a quadratic form of the coordinates."""
        if self.landscape.weight_decay == 0.0:
            return np.zeros(len(place))
        constant, linear, square = self._squares
        norms = constant + 2.0 * place @ linear + np.einsum("mi,ij,mj->m", place, square, place)
        return np.asarray(0.5 * self.landscape.weight_decay * norms)

    @cached_property
    def _squares(self) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        origin, directions = self.origin.double(), self.directions.double()
        inner = directions @ directions.T
        return float(origin @ origin), (directions @ origin).cpu().numpy(), inner.cpu().numpy()

    def _agrees(self) -> bool:
        """Whether the quick path gives the plain one's values, at the origin and at two points beside it."""
        assert self._layers is not None  # noqa: S101 - for the type checker
        k = len(self.directions)
        place = np.stack([np.zeros(k), np.linspace(0.3, -0.2, k) if k > 1 else np.array([0.3]), np.full(k, -0.11)])
        try:
            with torch.no_grad(), exact_attention():
                quick = self._layers.losses(place, no_progress)
                plain = self._plain(place, no_progress)
        except RuntimeError:
            return False
        return bool(np.allclose(quick, plain, rtol=AGREEMENT[self.landscape.dtype], atol=1e-6, equal_nan=True))
