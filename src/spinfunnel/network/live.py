"""Cheap figures of the landscape while a network trains, for a plain loop and for Lightning.

They are taken on one fixed batch: the energy, the largest rise on the straight line back to the start, the top
eigenvalue of the Hessian, the noise of the gradient, and how far the weights have turned away from the start.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn

from spinfunnel.landscape import InputError
from spinfunnel.network.batched import Batched
from spinfunnel.network.loss_landscape import NetworkLandscape
from spinfunnel.network.objective import Loss
from spinfunnel.network.paths import min_delta, straight

__all__ = ["Figures", "Recorder", "lightning_callback", "top_eigenvalue"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What is recorded at one step.

    Attributes
    ----------
    step : int
    energy : float
        Loss on the fixed batch.
    rise_from_start : float
        Largest rise of the energy on the straight line from the start to here (min-Delta); 0 where it only falls.
    top_eigenvalue : float
        Largest eigenvalue, in absolute value, of the Hessian.
    eigenvalue_error : float
        Norm of the residual ``|H v - lambda v|``: an eigenvalue lies within it.
    gradient_norm : float
    gradient_noise : float
        ``tr(cov) / |g|^2`` of the gradients of eight parts of the batch, per part: above 1, noise outweighs descent.
    overlap : float
        Cosine of the angle between these weights and those at the start.
    distance : float
        Distance from the start over the norm of the start.
    """

    step: int
    energy: float
    rise_from_start: float
    top_eigenvalue: float
    eigenvalue_error: float
    gradient_norm: float
    gradient_noise: float
    overlap: float
    distance: float


class Recorder:
    """Records figures of a model's landscape while it is trained; the model itself is only read.

    Parameters
    ----------
    model : torch.nn.Module
    loss : callable or None
        As of `NetworkLandscape`.
    batch : pair of tensors
        Fixed inputs and labels; a few hundred samples suffice.
    path : str or Path, optional
        CSV file to which a row is added at every record; it is begun anew.
    every : int
        Steps between records.
    tensorboard : str or Path, optional
        Folder for TensorBoard, which has to be installed.
    eigenvalue_steps : int
        Power iterations.

    Raises
    ------
    InputError
        As `NetworkLandscape`; for `every` below 1; for TensorBoard where it is not installed.

    Examples
    --------
    >>> model = nn.Linear(1, 1, bias=False)
    >>> x = torch.ones(16, 1)
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> with Recorder(model, nn.MSELoss(), (x, 3.0 * x)) as recorder:
    ...     for _ in range(20):
    ...         optimiser.zero_grad()
    ...         nn.functional.mse_loss(model(x), 3.0 * x).backward()
    ...         optimiser.step()
    ...         _ = recorder.step()
    >>> round(recorder.rows[-1].top_eigenvalue, 3), recorder.rows[-1].rise_from_start
    (2.0, 0.0)
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Loss | None,
        batch: Any,
        *,
        path: str | Path | None = None,
        every: int = 1,
        tensorboard: str | Path | None = None,
        eigenvalue_steps: int = 12,
    ) -> None:
        if every < 1:
            raise InputError(f"every={every} is out of range: give 1 or more")
        self.model, self.every, self.eigenvalue_steps = model, every, eigenvalue_steps
        self.rows: list[Figures] = []
        self._steps = 0
        self._network = Batched(NetworkLandscape(model, loss, batch, dropout="off", batch_norm="recomputed"))
        self._start = self._weights()
        self._writer = _tensorboard(tensorboard) if tensorboard is not None else None
        self._path = None if path is None else Path(path)
        if self._path is not None:
            try:
                self._path.write_text(",".join(Figures.__dataclass_fields__) + "\n")
            except OSError as error:
                raise InputError(f"{self._path} cannot be written: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close TensorBoard's file; rows of the CSV file are there as they were recorded."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def step(self) -> Figures | None:
        """Count one training step; the figures, where it was time to record."""
        self._steps += 1
        return self.record() if self._steps % self.every == 0 else None

    def record(self) -> Figures:
        """Take the figures now."""
        here = self._weights()
        line = straight(self._network, self._start, here, points=9)
        value, error = top_eigenvalue(self._network, here, steps=self.eigenvalue_steps)
        norm, noise = self._noise(here)
        size = float(self._start.norm()) or 1.0
        found = Figures(
            step=self._steps,
            energy=float(line.energy[-1]),
            rise_from_start=min_delta(line.energy),
            top_eigenvalue=value,
            eigenvalue_error=error,
            gradient_norm=norm,
            gradient_noise=noise,
            overlap=float(torch.dot(here, self._start)) / max(float(here.norm()) * size, 1e-30),
            distance=float((here - self._start).norm()) / size,
        )
        self.rows.append(found)
        if self._path is not None:
            with self._path.open("a", newline="") as stream:
                csv.writer(stream, lineterminator="\n").writerow(asdict(found).values())
        if self._writer is not None:
            for name, number in asdict(found).items():
                if name != "step":
                    self._writer.add_scalar(f"landscape/{name}", number, found.step)
        return found

    def _weights(self) -> Tensor:
        landscape = self._network.landscape
        named = dict(self.model.named_parameters())
        parts = [
            named[block.name].detach().to(landscape.device, self._network.dtype).reshape(-1)
            for block in landscape.layout
        ]
        return torch.cat(parts)

    def _noise(self, here: Tensor) -> tuple[float, float]:
        """Norm of the gradient, and its noise over parts of the batch."""
        count = min(8, self._network.samples)
        size = self._network.samples // count
        slopes = torch.stack(
            [self._network.gradients(here[None], torch.arange(k * size, (k + 1) * size))[1][0] for k in range(count)]
        )
        mean = slopes.mean(0)
        norm = float(mean.norm())
        spread = float((slopes - mean).square().sum()) / max(count - 1, 1)
        return norm, spread / max(norm * norm, 1e-30)


def top_eigenvalue(network: Batched, vector: Tensor, *, steps: int = 12, seed: int = 0) -> tuple[float, float]:
    """Eigenvalue of largest absolute value of the Hessian, by power iteration, and the norm of its residual.

    Examples
    --------
    >>> x = torch.tensor([[1.0], [2.0]])
    >>> line = Batched(NetworkLandscape(nn.Linear(1, 1, bias=False), nn.MSELoss(), (x, x)))
    >>> top_eigenvalue(line, torch.tensor([0.3]))
    (5.0, 0.0)
    """
    generator = torch.Generator().manual_seed(seed)
    leaf = vector.detach().clone().requires_grad_(True)
    decay = network.landscape.weight_decay
    with torch.enable_grad():
        energy = network._loss(leaf, network._data) + 0.5 * decay * leaf.square().sum()
        (slope,) = torch.autograd.grad(energy, leaf, create_graph=True)
    direction = torch.randn(len(vector), generator=generator, dtype=vector.dtype).to(vector.device)
    direction /= direction.norm()
    value, residual = 0.0, 0.0
    for _ in range(steps):
        (product,) = torch.autograd.grad(slope, leaf, direction, retain_graph=True)
        value = float(product @ direction)
        residual = float((product - value * direction).norm())
        length = float(product.norm())
        if length <= 1e-30:
            return 0.0, 0.0
        direction = product / length
    return value, residual


def lightning_callback(loss: Loss | None, batch: Any, **options: Any) -> Any:
    """Callback for a Lightning ``Trainer`` that records as `Recorder` does, with the same options.

    `loss` is None for the module's own ``training_step``.

    Raises
    ------
    InputError
        Where Lightning is not installed.
    """
    base = _lightning()

    class LandscapeCallback(base):  # type: ignore[misc, valid-type]
        """Records figures of the landscape."""

        recorder: Recorder | None = None

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002 - Lightning names them
            """Begin."""
            self.recorder = Recorder(pl_module, loss, batch, **options)

        def on_train_batch_end(self, trainer: Any, *_given: Any) -> None:  # noqa: ARG002
            """Count a step."""
            if self.recorder is not None:
                self.recorder.step()

        def on_fit_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
            """Close."""
            if self.recorder is not None:
                self.recorder.close()

    return LandscapeCallback()


def _lightning() -> type:
    import importlib

    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            found: type = importlib.import_module(name).Callback
        except ImportError:
            continue
        return found
    raise InputError(
        "the callback needs Lightning, which is not installed: pip install lightning, or use Recorder.step()"
    )


def _tensorboard(folder: str | Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError("TensorBoard is not installed: pip install tensorboard, or leave tensorboard out") from None
    return SummaryWriter(str(folder))
