"""Energies written in PyTorch, as landscapes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter, identity_hash
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.compiled_call import call
from spinfunnel.moves.differentiable import Invariance, Kernel, checked_positions

__all__ = ["TorchLandscape", "import_torch", "over_batch"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TorchLandscape:
    """A `moves.differentiable.Differentiable` landscape whose derivatives come from automatic differentiation.

    Attributes
    ----------
    name : str
    parameters : mapping
        What it was made from; with `content` it makes the identity.
    dimension : int
        Length D of a position.
    function : callable
        Tensor (B, D) to tensor (B,), differentiable twice. It is called with positions of any device and dtype, and
        moves its own constants to theirs (``constant.to(position)``). Rows do not see each other.
    sample : callable
        ``sample(generator, count)`` returns random positions (count, D) that cover the landscape.
    invariance : Invariance
    step : float
        Largest sensible step in a quench; see `spinfunnel.moves.differentiable.Differentiable`.
    kernel : Kernel or None
        Compiled twin of `function`, used where there is one and the device is the processor.
    content : tuple of array
        Arrays that define the energy beyond the parameters.
    device, dtype : str
        Where and how precisely PyTorch computes; they are no part of the identity.

    Examples
    --------
    >>> bowl = TorchLandscape(
    ...     "bowl", {}, 2, lambda x: (x * x).sum(-1) / 2, lambda generator, count: generator.standard_normal((count, 2))
    ... )
    >>> energy, gradient = bowl.energy_and_gradient(np.array([[3.0, 4.0]]))
    >>> energy.tolist(), gradient.tolist(), bowl.hessian(np.array([[3.0, 4.0]])).tolist()
    ([12.5], [[3.0, 4.0]], [[[1.0, 0.0], [0.0, 1.0]]])
    """

    kind: ClassVar[Kind] = Kind.SMOOTH

    name: str
    parameters: Mapping[str, Parameter]
    dimension: int
    function: Callable[[Any], Any]
    sample: Callable[[np.random.Generator, int], Floats]
    invariance: Invariance = field(default_factory=Invariance)
    step: float = 0.1
    kernel: Kernel | None = None
    content: tuple[NDArray[Any], ...] = ()
    device: str = "cpu"
    dtype: str = "float64"
    identity: str = field(init=False)

    __repr__ = short_name

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", identity_hash(self.name, self.parameters, *self.content))

    def on(self, device: str | None = None, dtype: str | None = None) -> TorchLandscape:
        """Return the same landscape, computed elsewhere: device "cpu", "cuda", ...; dtype "float64" or "float32".

        Elsewhere than in double precision on the processor, the compiled kernel is left out.

        Raises
        ------
        InputError
            For a device that PyTorch does not find, or a dtype that it does not have.
        """
        device, dtype = device or self.device, dtype or self.dtype
        torch = import_torch()
        if dtype not in {"float64", "float32"}:
            raise InputError(f"dtype {dtype!r} is not offered: give float64 or float32")
        try:
            torch.zeros(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise InputError(f"PyTorch cannot compute on {device!r} ({str(error).splitlines()[0]}): use cpu") from None
        kernel = self.kernel if (device, dtype) == ("cpu", "float64") else None
        return dataclasses.replace(self, device=device, dtype=dtype, kernel=kernel)

    def energy(self, position: Any) -> Any:
        """Energies (B,) of positions (B, D), as tensors that carry gradients."""
        return self.function(position)

    def starts(self, generator: np.random.Generator, count: int) -> Floats:
        """Random positions (count, D) that cover the landscape."""
        return np.ascontiguousarray(self.sample(generator, count), np.float64)

    def energy_and_gradient(self, position: Floats) -> tuple[Floats, Floats]:
        """Energies (B,) and gradients (B, D)."""
        x = checked_positions(position, dimension=self.dimension)
        if self.kernel is not None:
            return over_batch(self.kernel, x, width=self.dimension)
        torch = import_torch()
        tensor = self._tensor(x).requires_grad_(True)
        try:
            energy = self.function(tensor)
        except InputError:
            raise
        except Exception as problem:
            raise InputError(f"the energy of {self.name} raised {type(problem).__name__}: {problem}") from problem
        (gradient,) = torch.autograd.grad(energy.sum(), tensor)
        return _doubles(energy), _doubles(gradient)

    def hessian(self, position: Floats) -> Floats:
        """Hessians (B, D, D)."""
        x = checked_positions(position, dimension=self.dimension)
        if self.kernel is not None:
            flat = over_batch(self.kernel, x, width=self.dimension**2)[1]
            return flat.reshape(len(x), self.dimension, self.dimension)
        torch = import_torch()
        tensor = self._tensor(x).requires_grad_(True)
        (gradient,) = torch.autograd.grad(self.function(tensor).sum(), tensor, create_graph=True)
        if not gradient.requires_grad:
            # Nothing in it hangs on the position: the energy is linear.
            return np.zeros((len(x), self.dimension, self.dimension))
        # Rows do not see each other, so that one unit vector serves the whole batch.
        units = torch.eye(self.dimension, device=self.device, dtype=tensor.dtype)[:, None].expand(-1, len(x), -1)
        (columns,) = torch.autograd.grad(
            gradient, tensor, units, is_grads_batched=True, allow_unused=True, materialize_grads=True
        )
        hessian = _doubles(columns).transpose(1, 0, 2)
        return 0.5 * (hessian + hessian.transpose(0, 2, 1))

    def hessian_product(self, position: Floats, direction: Floats) -> Floats:
        """Hessians times directions (B, D), without the Hessians."""
        torch = import_torch()
        x = self._tensor(checked_positions(position, dimension=self.dimension)).requires_grad_(True)
        along = self._tensor(checked_positions(direction, dimension=self.dimension))
        (gradient,) = torch.autograd.grad(self.function(x).sum(), x, create_graph=True)
        if not gradient.requires_grad:
            return np.zeros(tuple(x.shape))
        (product,) = torch.autograd.grad((gradient * along).sum(), x, allow_unused=True, materialize_grads=True)
        return _doubles(product)

    def _tensor(self, array: Floats) -> Any:
        torch = import_torch()
        return torch.tensor(array, device=self.device, dtype=getattr(torch, self.dtype))


def import_torch() -> Any:
    """Import PyTorch, or say how to get it.

    Raises
    ------
    InputError
        Where it is not installed.
    """
    try:
        import torch
    except ImportError:
        raise InputError("this landscape is computed with PyTorch: pip install 'spinfunnel[torch]'") from None
    return torch


def over_batch(kernel: Kernel, position: Floats, *, width: int) -> tuple[Floats, Floats]:
    """Energies (B,), and gradients (B, D) or Hessians (B, D * D), by the compiled kernel."""
    x = np.ascontiguousarray(position, np.float64)
    address = kernel.gradient if width == x.shape[1] else kernel.hessian
    energy, out = _over_batch(address, x, kernel.parameters, kernel.work, width)
    return energy, out


def _doubles(tensor: Any) -> Floats:
    # Added to zeros: a derivative that is 0 throughout may come without numbers of its own.
    plain = tensor.detach().to("cpu").double()
    return np.asarray((import_torch().zeros(plain.shape, dtype=plain.dtype) + plain).numpy())


@njit(cache=True, nogil=True)
def _over_batch(address: int, x: Floats, parameters: Floats, work: int, width: int) -> tuple[Floats, Floats]:
    energy, out, scratch = np.empty(len(x)), np.empty((len(x), width)), np.empty(work)
    for row in range(len(x)):
        energy[row] = call(address, x[row], parameters, out[row], scratch)
    return energy, out
