"""Solutions of a network as plain numbers, without PyTorch: losses, starts, and the energy on paths between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph

__all__ = ["Pair", "Solutions", "Way", "alignment_sentence"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Energy along a path between two solutions.

    Attributes
    ----------
    place : array of float64, shape (m,)
        Share of the way, 0 to 1.
    energy : array of float64, shape (m,)

    Examples
    --------
    >>> way = Way(np.array([0.0, 0.5, 1.0]), np.array([1.0, 3.0, 2.0]))
    >>> way.saddle, way.barrier
    (3.0, 1.5)
    """

    place: Floats
    energy: Floats

    @property
    def saddle(self) -> float:
        """Highest energy on the path: an upper bound of the saddle between its ends."""
        return float(self.energy.max())

    @property
    def barrier(self) -> float:
        """Highest rise above the chord between the energies of the ends; at least 0."""
        chord = (1.0 - self.place) * self.energy[0] + self.place * self.energy[-1]
        return max(float(np.max(self.energy - chord)), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two solutions and the paths between them.

    Attributes
    ----------
    one, two : int
        Numbers of the solutions.
    linear, aligned : Way
        The straight paths, to the second solution as it is and aligned to the first.
    curved : Way or None
        The lowest path found; None for a pair that was not joined by a band.
    """

    one: int
    two: int
    linear: Way
    aligned: Way
    curved: Way | None

    @property
    def saddle(self) -> float:
        """Upper bound of the saddle between them."""
        return min(way.saddle for way in (self.linear, self.aligned, self.curved) if way is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Solutions:
    """What is known of the solutions of a network.

    Attributes
    ----------
    keys : tuple of str
        Keys of the minima, in ascending order of energy.
    visits : array of int64, shape (m,)
        Starts that ended in each.
    energy, slope : array of float64, shape (m,)
        On all training data, weight decay included; norm of the gradient.
    start_energy : array of float64, shape (K,)
        At the starts.
    train, test, train_accuracy, test_accuracy : array of float64, shape (m,)
        Loss without weight decay, and share of samples classified rightly; empty where unknown.
    pairs : tuple of Pair
    start_seed : int
        Seed of the start from which the lowest solution was reached.
    reason : str
        Why units were not aligned; empty where they were.
    gain : array of float64, shape (K,)
        Energy that the last round of training took away, of every start; NaN where there was one round only.
    epochs, rounds : int
        Of the longest training, all rounds together, and rounds after the first.
    polished : bool
        Whether solutions were brought down to minima.
    null : tuple of int
        Draws of shuffled labels, and starts on each, that a comparison takes unless asked otherwise.
    """

    keys: tuple[str, ...]
    visits: NDArray[np.int64]
    energy: Floats
    slope: Floats
    start_energy: Floats
    train: Floats
    test: Floats
    train_accuracy: Floats
    test_accuracy: Floats
    pairs: tuple[Pair, ...]
    start_seed: int
    reason: str
    gain: Floats
    epochs: int
    rounds: int
    polished: bool
    null: tuple[int, int]

    @property
    def scale(self) -> float:
        """Energy of a random start above the lowest solution: the unit of all barriers."""
        return max(float(self.start_energy.mean() - self.energy.min()), 1e-12)

    @property
    def starts(self) -> int:
        """Number of starts."""
        return int(self.visits.sum())

    def facts(self) -> dict[str, Any]:
        """Return all of it as plain JSON, for `Facts`."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        gain = [value if np.isfinite(value) else None for value in self.gain.tolist()]
        pairs = [
            {"one": pair.one, "two": pair.two}
            | {name: _plain(getattr(pair, name)) for name in ("linear", "aligned", "curved")}
            for pair in self.pairs
        ]
        return {
            **arrays,
            "trained": True,
            "keys": list(self.keys),
            "gain": gain,
            "pairs": pairs,
            "scale": self.scale,
            "starts": self.starts,
            **{name: getattr(self, name) for name in _SINGLE},
            "null": list(self.null),
        }

    def details(self) -> dict[str, Any]:
        """Return every solution and every pair as plain numbers, for the JSON object of a study."""
        minima = []
        for number, key in enumerate(self.keys):
            row: dict[str, Any] = {
                "key": key,
                "energy": float(self.energy[number]),
                "starts": int(self.visits[number]),
                "gradient_norm": float(self.slope[number]),
                "train_loss": float(self.train[number]),
            }
            known = ("test", "test_loss"), ("train_accuracy", "train_accuracy"), ("test_accuracy", "test_accuracy")
            for name, word in known:
                values = getattr(self, name)
                if len(values):
                    row[word] = float(values[number])
            minima.append(row)
        pairs = [
            {
                "minima": [pair.one, pair.two],
                "linear_barrier": pair.linear.barrier,
                "aligned_barrier": pair.aligned.barrier,
                **({} if pair.curved is None else {"curved_barrier": pair.curved.barrier}),
                "saddle_at_most": pair.saddle,
            }
            for pair in self.pairs
        ]
        return {
            "energy_scale": self.scale,
            "random_start_energy": float(np.mean(self.start_energy)),
            "polished": self.polished,
            "epochs": self.epochs,
            "rounds_of_training": self.rounds + 1,
            "alignment": alignment_sentence(self.reason),
            "solutions": minima,
            "pairs": pairs,
        }

    @classmethod
    def of(cls, graph: BasinGraph) -> Solutions | None:
        """Solutions of a map, numbered as its minima are; None where it is not a map of trainings."""
        facts = graph.facts
        if facts is None or not facts.get("trained"):
            return None
        place = {key: number for number, key in enumerate(graph.key.tolist())}
        order = np.argsort([place[key] for key in facts["keys"]])
        number = {int(old): new for new, old in enumerate(order)}
        arrays = {name: _ordered(facts[name], order, name) for name in _ARRAYS}
        pairs = tuple(
            Pair(number[row["one"]], number[row["two"]], _way(row["linear"]), _way(row["aligned"]), _maybe(row))
            for row in facts["pairs"]
        )
        gain = np.array([np.nan if value is None else value for value in facts["gain"]], np.float64)
        single = {name: facts[name] for name in _SINGLE}
        keys = tuple(facts["keys"][old] for old in order)
        return cls(keys=keys, pairs=pairs, gain=gain, null=tuple(facts["null"]), **arrays, **single)  # type: ignore[arg-type]


_ARRAYS = (
    "visits", "energy", "slope", "start_energy", "train", "test", "train_accuracy", "test_accuracy",
)  # fmt: skip
_SINGLE = ("start_seed", "reason", "epochs", "rounds", "polished")


def _ordered(values: Sequence[float], order: NDArray[np.int64], name: str) -> NDArray[Any]:
    array = np.array(values, np.int64 if name == "visits" else np.float64)
    return array if name == "start_energy" or not len(array) else array[order]


def _plain(way: Way | None) -> dict[str, Any] | None:
    return None if way is None else {"place": way.place.tolist(), "energy": way.energy.tolist()}


def _way(plain: Mapping[str, Any]) -> Way:
    return Way(np.array(plain["place"]), np.array(plain["energy"]))


def _maybe(row: Mapping[str, Any]) -> Way | None:
    return None if row["curved"] is None else _way(row["curved"])


def alignment_sentence(reason: str) -> str:
    """What became of the alignment, in a sentence; `reason` says why there was none, or is empty."""
    if not reason:
        return "units renamed, and turned in sign where the activation is odd"
    return f"units are not aligned, so that every barrier is an upper bound of what aligned paths show: {reason}"
