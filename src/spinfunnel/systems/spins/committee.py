"""A neural network with binary weights: a network whose landscape can be mapped exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter, Progress, Symmetry, identity_hash, no_progress
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.batches import over_blocks
from spinfunnel.systems.ranges import check_choice, check_range, disorder
from spinfunnel.systems.spins.datasets import digits, project, read_data_set
from spinfunnel.systems.spins.rem import state_numbers
from spinfunnel.systems.spins.state_blocks import block_count, enumerated_bits

__all__ = ["BinaryNetwork", "binary_network"]

LARGEST_TABLE = 1 << 30
LARGEST_EXPONENT = 600.0
COPY_BLOCK = 1 << 14
PERCEPTRON_BLOCK = 1 << 9


@dataclass(frozen=True, slots=True, eq=False)
class BinaryNetwork:
    """Logistic loss of a network as a function of its binary weights; a `Binary` landscape.

    `binary_network` makes one from a description. Bit ``k * D + i`` is the weight of input i in hidden unit k; with
    trained output weights (two-layer) that of unit k is bit ``K * D + k``.

    Parameters
    ----------
    inputs : array of shape (P, D)
        Patterns, as they enter the network before the factor 1 / sqrt(D).
    labels : array of shape (P,)
        -1 and +1.
    hidden : int
        Number of units K.
    activation : {"tanh", "relu", "sign"}
    trained_output : bool
        Whether the signs of the units' outputs are weights, too.
    gain : float

    Notes
    -----
    The loss is ``sum_p log(1 + prod_k t_k(p))`` with ``t_k(p) = exp(-gain y_p a_k phi(w_k x_p / sqrt(D)))``
    tabulated for every setting of one unit (8 * 2^D * P bytes, twice that with trained outputs and relu; one block
    at a time for a single unit). Only one of the copies of a state under permutations (and sign flips) of units is
    evaluated, at about 0.5 ns for a pattern on two threads, and copied, so that the energies of symmetric copies are
    equal to the last bit. Losses of a pattern below 2^-53 vanish, which gains beyond 20 can show. A single
    unit has nothing to share and takes about 10 ns for a pattern.
    """

    kind: ClassVar[Kind] = Kind.BINARY

    inputs: NDArray[np.float64]
    labels: NDArray[np.float64]
    hidden: int
    activation: str = "tanh"
    trained_output: bool = False
    gain: float = 2.0
    name: str = "committee"
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    __repr__ = short_name

    def __post_init__(self) -> None:
        if self.inputs.ndim != 2 or self.labels.shape != (len(self.inputs),) or 0 in self.inputs.shape:
            raise InputError(
                f"inputs of shape {self.inputs.shape} and labels of shape "
                f"{self.labels.shape} do not fit: (P, D) and (P,) are needed"
            )
        if not np.isfinite(self.inputs).all() or not np.isin(self.labels, (-1.0, 1.0)).all():
            raise InputError("inputs must be finite and labels -1 or +1")
        if self.size > 62:
            raise InputError(f"{self.size} binary weights are too many to number their states; use at most 62")
        if self.hidden > 1 and self._rows * 8 * len(self.labels) > LARGEST_TABLE:
            raise InputError(
                f"the table of one unit with {self.inputs.shape[1]} inputs on {len(self.labels)} patterns needs "
                f"{self._rows * 8 * len(self.labels) / 2**30:.1f} GiB, more than 1; use fewer inputs or patterns"
            )
        if self._exponent > LARGEST_EXPONENT:
            raise InputError(
                f"gain={self.gain} makes the loss overflow (exponents up to {self._exponent:.0f}); "
                f"give a gain below {self.gain * LARGEST_EXPONENT / self._exponent:.3g}"
            )

    @property
    def size(self) -> int:
        """Number of binary weights N."""
        return self.hidden * int(self.inputs.shape[1] + self.trained_output)

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Exchange of neighbouring hidden units; with trained outputs and an odd activation also a unit's sign."""
        count, units = self.inputs.shape[1], self.hidden
        place = np.arange(units * count).reshape(units, count)
        outputs = np.arange(units * count, self.size)
        found = []
        for k in range(units - 1):
            order = np.arange(units)
            order[[k, k + 1]] = k + 1, k
            permutation = np.concatenate([place[order].ravel(), outputs[order] if self.trained_output else outputs])
            found.append(
                Symmetry(f"exchange of hidden units {k} and {k + 1}", tuple(permutation.tolist()), (0,) * self.size)
            )
        if self.trained_output and self._odd:
            flips = np.zeros(self.size, int)
            flips[place[0]] = flips[outputs[0]] = 1
            found.append(Symmetry("hidden unit 0 turned over", tuple(range(self.size)), tuple(flips.tolist())))
        return tuple(found)

    @property
    def identity(self) -> str:
        """Hash of the architecture and the data."""
        facts = {**self.parameters, "": [self.hidden, self.activation, self.trained_output, self.gain]}
        return identity_hash(self.name, facts, self.inputs, self.labels)

    @property
    def _odd(self) -> bool:
        return self.activation != "relu"

    @property
    def _rows(self) -> int:
        """Number of codes of one unit."""
        return 1 << int(self.inputs.shape[1] + (self.trained_output and not self._odd))

    @property
    def _exponent(self) -> float:
        """Bound of the exponent of a pattern's loss."""
        reach = (
            np.abs(self.inputs).sum(axis=1).max() / math.sqrt(self.inputs.shape[1])
            if self.activation == "relu"
            else 1.0
        )
        return float(self.gain * self.hidden * reach)

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        from spinfunnel.systems.spins.committee_kernels import energies_of

        numbers = state_numbers(states, size=self.size, name=self.name).astype(np.int64)
        out = np.empty(len(numbers))
        inputs, margin, activation = self._prepared()
        energies_of(
            out, numbers, inputs, margin, activation, self.hidden, self.trained_output, self._odd, self._chunk()
        )
        return out

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        enumerated_bits(out, size=self.size)
        if self.hidden == 1 and not self.trained_output:
            self._enumerate_unit(out, workers=workers, progress=progress)
        else:
            self._enumerate_units(out, workers=workers, progress=progress)

    def _enumerate_unit(self, out: NDArray[np.float64], *, workers: int, progress: Progress) -> None:
        from spinfunnel.systems.spins.committee_kernels import canonical_energies, unit_rows

        inputs, margin, activation = self._prepared()
        bits, chunk = min(PERCEPTRON_BLOCK, len(out)).bit_length() - 1, self._chunk()

        def block(first: int, last: int) -> None:
            rows = np.empty((1 << bits, len(margin)))
            for number in range(first, last):
                unit_rows(rows, number << bits, inputs, margin, activation, False)
                part = out[number << bits : (number + 1) << bits]
                canonical_energies(part, 0, 1, rows, 1, bits, False, False, chunk)

        over_blocks(block, len(out) >> bits, workers=workers, progress=progress, stage="energies", block=4)

    def _enumerate_units(self, out: NDArray[np.float64], *, workers: int, progress: Progress) -> None:
        from spinfunnel.systems.spins.committee_kernels import canonical_energies, copy_energies, unit_rows

        inputs, margin, activation = self._prepared()
        units, output, odd, chunk = self.hidden, self.trained_output, self._odd, self._chunk()
        count = inputs.shape[0]
        rows = np.empty((self._rows, len(margin)))
        over_blocks(
            lambda first, last: unit_rows(rows[first:last], first, inputs, margin, activation, output),
            len(rows),
            workers=workers,
            progress=progress,
            stage="hidden units",
            block=256,
        )
        over_blocks(
            lambda first, last: canonical_energies(out, first, last, rows, units, count, output, odd, chunk),
            block_count(len(out), 1 << count),
            workers=workers,
            progress=progress,
            stage="energies",
            block=max(1, (1 << 12) >> count),
        )
        over_blocks(
            lambda first, last: copy_energies(
                out, first * COPY_BLOCK, min(last * COPY_BLOCK, len(out)), units, count, output, odd
            ),
            block_count(len(out), COPY_BLOCK),
            workers=workers,
            progress=progress,
            stage="symmetric copies",
            block=8,
        )

    def _prepared(self) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """Inputs (D, P') and margins (P',) with the patterns filled up to whole lanes, and the activation's number."""
        from spinfunnel.systems.spins.committee_kernels import ACTIVATIONS, LANES

        missing = -len(self.labels) % LANES
        inputs = np.pad(self.inputs.T / math.sqrt(self.inputs.shape[1]), ((0, 0), (0, missing)))
        return np.ascontiguousarray(inputs), np.pad(self.gain * self.labels, (0, missing)), ACTIVATIONS[self.activation]

    def _chunk(self) -> int:
        """Number of factors whose product cannot overflow."""
        return max(1, min(32, int(700.0 / (self._exponent + math.log(2.0)))))


def binary_network(
    inputs: int = 5,
    *,
    hidden: int = 3,
    patterns: int = 0,
    architecture: str = "committee",
    activation: str = "tanh",
    labels: str = "teacher",
    shuffle: bool = False,
    distribution: str = "gaussian",
    classes: tuple[int, ...] = (3, 8),
    projection: str = "means",
    gain: float = 2.0,
    seed: int = 0,
) -> BinaryNetwork:
    """Neural network with weights -1 and +1; the energy is its logistic loss on a set of patterns.

    ``E(w, a) = sum_p log(1 + exp(-gain y_p o_p))`` with ``o_p = sum_k a_k phi(w_k x_p / sqrt(inputs))``.

    Parameters
    ----------
    inputs : int
        Number of inputs D of each unit.
    hidden : int
        Number of hidden units K; a perceptron has one, whatever is given.
    patterns : int
        Number of patterns P; 0 means 8 for each weight, or all of a data set if it has fewer.
    architecture : {"committee", "perceptron", "two-layer"}
        Committee: all a_k = 1, N = D K. Perceptron: one unit, N = D. Two-layer: a_k = -1 or +1 are weights, too, N =
        (D + 1) K.
    activation : {"tanh", "relu", "sign"}
        phi. "relu" is max(z, 0) - 1 / sqrt(2 pi), so that the output is centred for fields N(0, 1): a sum of positive
        units alone could not answer -1. With "sign" there are large plateaus.
    labels : str
        "teacher": made by a network of the same kind with random weights, so that a perfect one exists; "random":
        fair coins; "digits": scikit-learn's handwritten digits of two `classes`; or the path of a .npz or .csv file
        (see `datasets.read_data_set`).
    shuffle : bool
        Deal the labels at random over the very same inputs: the null of a data set. Keeps the number of labels of
        each class.
    distribution : {"gaussian", "binary"}
        Of artificial inputs: N(0, 1), or -1 and +1.
    classes : tuple of int
        The two digits.
    projection : {"means", "pca", "random"}
        How a data set's columns become `inputs` features (see `datasets.project`).
    gain : float
        Steepness of the loss. 2 makes it log(1 + exp(-2 y o)), the likelihood of a spin y in the field o.
    seed : int
        Of inputs, teacher, coins, choice of patterns and shuffle. Inputs of one seed are the same for every kind of
        labels.

    Source: Barkai, Hansel, Kanter, Phys. Rev. Lett. 65, 2312 (1990); Baldassi, Ingrosso, Lucibello, Saglietti,
    Zecchina, Phys. Rev. Lett. 115, 128101 (2015).

    Examples
    --------
    >>> network = binary_network(3, hidden=2, patterns=12, seed=1)
    >>> energies = np.empty(64)
    >>> network.enumerate(energies)
    >>> bool((energies.reshape(8, 8) == energies.reshape(8, 8).T).all())
    True
    """
    check_choice("architecture", architecture, ("committee", "perceptron", "two-layer"))
    check_choice("activation", activation, ("tanh", "relu", "sign"))
    check_choice("distribution", distribution, ("gaussian", "binary"))
    check_range("inputs", inputs, low=1, high=62)
    check_range("hidden", hidden, low=1, high=31)
    check_range("patterns", patterns, low=0, high=1_000_000)
    check_range("gain", gain, low=1e-3, high=600.0)
    units = 1 if architecture == "perceptron" else hidden
    output = architecture == "two-layer"
    size = units * (inputs + output)
    count = patterns or 8 * size
    if labels in ("teacher", "random"):
        x, y = _artificial(inputs, count, distribution=distribution, seed=seed)
    else:
        x, y = _real(
            labels, inputs=inputs, patterns=patterns, default=count, classes=classes, projection=projection, seed=seed
        )
    if labels == "teacher":
        y = _taught(x, hidden=units, activation=activation, trained_output=output, seed=seed)
    if shuffle:
        y = disorder(seed, 4).permutation(y)
    facts: dict[str, Parameter] = {
        "inputs": inputs,
        "hidden": units,
        "patterns": len(y),
        "architecture": architecture,
        "activation": activation,
        "labels": labels if labels in ("teacher", "random", "digits") else Path(labels).name,
        "shuffle": shuffle,
        "gain": gain,
        "seed": seed,
    }
    if labels in ("teacher", "random"):
        facts["distribution"] = distribution
    else:
        facts |= {"projection": projection} | ({"classes": tuple(classes)} if labels == "digits" else {})
    return BinaryNetwork(x, y, units, activation, output, float(gain), parameters=facts)


def _artificial(
    inputs: int, patterns: int, *, distribution: str, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Random inputs, and coins for labels."""
    rng = disorder(seed, 1)
    coins = 2.0 * disorder(seed, 2).integers(0, 2, patterns).astype(np.float64) - 1.0
    if distribution == "gaussian":
        return rng.normal(size=(patterns, inputs)), coins
    return 2.0 * rng.integers(0, 2, (patterns, inputs)).astype(np.float64) - 1.0, coins


def _taught(
    x: NDArray[np.float64], *, hidden: int, activation: str, trained_output: bool, seed: int
) -> NDArray[np.float64]:
    """Labels by a random network of the same kind; an output of exactly 0 counts as +1."""
    rng = disorder(seed, 3)
    weights = 2.0 * rng.integers(0, 2, (hidden, x.shape[1])) - 1.0
    outputs = 2.0 * rng.integers(0, 2, hidden) - 1.0 if trained_output else np.ones(hidden)
    fields = x @ weights.T / math.sqrt(x.shape[1])
    if activation == "relu":
        answers = np.maximum(fields, 0.0) - math.sqrt(0.5 / math.pi)
    else:
        answers = np.tanh(fields) if activation == "tanh" else np.sign(fields)
    return np.where(answers @ outputs >= 0.0, 1.0, -1.0)


def _real(
    labels: str, *, inputs: int, patterns: int, default: int, classes: tuple[int, ...], projection: str, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features of all patterns of a data set, and then a choice of patterns."""
    raw, y = digits(tuple(classes)) if labels == "digits" else read_data_set(labels)
    if patterns > len(y):
        raise InputError(f"patterns={patterns} is out of range: the data set {labels} has {len(y)}")
    x = project(raw, y, size=inputs, projection=projection)
    chosen = np.sort(disorder(seed, 1).permutation(len(y))[: min(patterns or default, len(y))])
    return np.ascontiguousarray(x[chosen]), y[chosen]
