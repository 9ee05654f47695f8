"""The map of a landscape as plain arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.kinds import Kind
from spinfunnel.landscape.networkx_graph import columns_of, drawn_map
from spinfunnel.landscape.records import Census, Minimum, Record, Saddle, Tally

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["BasinGraph", "Road", "chief_native", "taken"]

Road: TypeAlias = Literal["exact", "sampled", "smooth", "trained"]


def chief_native(energy: NDArray[np.float64], weight: NDArray[np.float64]) -> int:
    """Find the minimum around which the native state lies: of those at the ground energy, that of the largest basin.

    Others at exactly the ground energy belong to the native state only where they are similar to it; else they are its
    rivals. Neither a relabelling of the variables nor a gauge changes which one it is, unless two basins are equal.

    Parameters
    ----------
    energy, weight : array of float64, shape (m,)
        Of the minima; m >= 1.

    Examples
    --------
    >>> chief_native(np.array([-1.0, -1.0, 0.0]), np.array([0.2, 0.3, 0.5]))
    1
    """
    return int(np.argmax(np.where(energy == energy.min(), weight, -1.0)))


def taken(column: NDArray[Any] | None, rows: NDArray[Any]) -> NDArray[Any] | None:
    """Return rows of a column that a map may be without."""
    return None if column is None else column[rows]


def _listed(column: NDArray[Any] | None) -> Iterable[Any]:
    return repeat(None) if column is None else column.tolist()


@dataclass(frozen=True, slots=True, eq=False)
class BasinGraph:
    """The map as plain arrays: all that a measure reads.

    Minima are sorted by energy, then key; number 0 is the ground state. Saddles are sorted by energy, then key.

    Attributes
    ----------
    key : array of str, shape (m,)
    energy, weight : array of float64, shape (m,)
    plateau, orbit : array of int64, shape (m,)
    saddle_key : array of str, shape (s,)
    saddle_energy : array of float64, shape (s,)
    saddle_offsets : array of int64, shape (s + 1,)
    saddle_minima : array of int64, shape (saddle_offsets[-1],)
        Minima that each saddle joins, by number, hub first (see `Saddle`).
    saddle_exact : array of bool, shape (s,)
    census : Census or None
    tallies : tuple of Tally
    symmetry : tuple of str
        Names of the symmetries that were divided out.
    exact : bool
        Whether every minimum, weight and needed saddle is known exactly.
    native : array of bool, shape (m,)
        Which minima count as native: those within `native_tolerance` of the ground energy.
    visits : array of int64, shape (m,)
        Number of searches that ended in each; 1 where all states were visited.
    lid : array of float64, shape (m,), or None
        Height below which no path leaves each basin (see `Minimum`); None in an exact map, whose exits say it.
    log_volume : array of float64, shape (m,), or None
    saddle_log_volume : array of float64, shape (s,), or None
        Harmonic volumes of a smooth map (see `Minimum`).
    saddle_index : array of int64, shape (s,), or None
        Number of negative Hessian eigenvalues of a smooth map.
    kind : Kind
        Of the landscape.
    facts : mapping or None
        What the explorer knows beyond minima and saddles (see `Facts`).
    """

    key: NDArray[np.str_]
    energy: NDArray[np.float64]
    weight: NDArray[np.float64]
    plateau: NDArray[np.int64]
    orbit: NDArray[np.int64]
    saddle_key: NDArray[np.str_]
    saddle_energy: NDArray[np.float64]
    saddle_offsets: NDArray[np.int64]
    saddle_minima: NDArray[np.int64]
    saddle_exact: NDArray[np.bool_]
    census: Census | None = None
    tallies: tuple[Tally, ...] = ()
    symmetry: tuple[str, ...] = ()
    exact: bool = True
    native_tolerance: float = 0.0
    visits: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    log_volume: NDArray[np.float64] | None = None
    lid: NDArray[np.float64] | None = None
    saddle_log_volume: NDArray[np.float64] | None = None
    saddle_index: NDArray[np.int64] | None = None
    kind: Kind = Kind.BINARY
    facts: Mapping[str, Any] | None = None
    native: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.visits) != len(self.energy):
            object.__setattr__(self, "visits", np.ones(len(self.energy), np.int64))
        ground = self.energy[0] if len(self.energy) else 0.0
        object.__setattr__(self, "native", self.energy <= ground + self.native_tolerance)

    def __repr__(self) -> str:
        size = f"{self.minima:,} {'minimum' if self.minima == 1 else 'minima'}"
        passes = f"{self.saddles:,} saddle{'' if self.saddles == 1 else 's'}"
        how = {"exact": "every state visited", "sampled": "sampled", "smooth": "stationary points found"}
        energies = f"energies {self.energy.min():.6g} to {self.energy.max():.6g}" if self.minima else "no energies"
        return f"<BasinGraph: {size}, {passes}; {energies}; {how.get(self.road, 'trained networks')}>"

    def to_networkx(self) -> nx.Graph:
        """Return the map as a NetworkX graph with two kinds of nodes.

        A saddle may join more than two minima, so it is a node too. Minima are ``m0, m1, ...`` with the attributes
        kind, key, energy, weight, plateau, orbit and native. Saddles are ``s0, s1, ...`` with kind, key, energy and
        exact. Both are numbered as in the map. An edge leads from each saddle to each minimum that it joins; its
        attribute hub says whether the saddle's own state drains there. The graph itself says exact and symmetry.
        """
        return drawn_map(self)

    @classmethod
    def from_networkx(cls, drawn: nx.Graph) -> BasinGraph:
        """Return the map that a NetworkX graph describes.

        Two forms are read. In that of `to_networkx` saddles are nodes with ``kind="saddle"``. In the plain form every
        node is a minimum and every edge a saddle; nodes and edges have an ``energy``. Histograms of states are not
        part of a NetworkX graph, so that measures which need them have no answer.

        Parameters
        ----------
        drawn : networkx.Graph
            Each minimum may have a key (else its name), a weight (else all are equal), plateau and orbit (else 1). The
            graph's attribute exact (else False) says whether all minima and passes are known; symmetry names what was
            divided out.

        Raises
        ------
        InputError
            For a graph without minima, a missing or infinite energy, a saddle below a minimum that it joins, and a
            saddle that joins fewer than two minima or another saddle.

        Examples
        --------
        >>> import networkx as nx
        >>> molecule = nx.Graph()
        >>> molecule.add_node("left", energy=0.0)
        >>> molecule.add_node("right", energy=1.0)
        >>> molecule.add_edge("left", "right", energy=3.0)
        >>> graph = BasinGraph.from_networkx(molecule)
        >>> graph
        <BasinGraph: 2 minima, 1 saddle; energies 0 to 1; sampled>
        >>> graph.to_networkx().nodes["s0"]
        {'kind': 'saddle', 'key': 'left-right', 'energy': 3.0, 'exact': False}
        """
        return cls(**columns_of(drawn))

    @property
    def minima(self) -> int:
        """Number of minima."""
        return len(self.energy)

    @property
    def chief(self) -> int:
        """Number of the chief native minimum (see `chief_native`)."""
        return chief_native(self.energy, self.weight)

    @property
    def saddles(self) -> int:
        """Number of saddles."""
        return len(self.saddle_energy)

    @property
    def harmonic(self) -> bool:
        """Whether its minima have harmonic volumes."""
        return self.log_volume is not None

    @property
    def log_states(self) -> NDArray[np.float64]:
        """Logarithm of the number of states at each minimum, copies included, or of its harmonic volume, shape (m,)."""
        return self.log_volume if self.log_volume is not None else np.log(self.plateau * self.orbit)

    @property
    def saddle_log_states(self) -> NDArray[np.float64]:
        """Logarithm of the harmonic volume of each saddle, 0 where there is none, shape (s,)."""
        return np.zeros(self.saddles) if self.saddle_log_volume is None else self.saddle_log_volume

    @property
    def road(self) -> Road:
        """How it is measured: as a map of all states, a sample of them, stationary points, or trained networks."""
        if self.kind is Kind.NETWORK:
            return "trained"
        if self.kind.word == "smooth":
            return "smooth"
        return "exact" if self.exact else "sampled"

    def direct_edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Direct saddles as pairs: (hub, spoke, energy), one row for each spoke of each saddle.

        Rows are in ascending order of energy; a pair may occur more than once, its first row is its direct saddle.
        """
        size = np.diff(self.saddle_offsets)
        hub = np.repeat(self.saddle_minima[self.saddle_offsets[:-1]], size - 1)
        spoke = np.ones(len(self.saddle_minima), bool)
        spoke[self.saddle_offsets[:-1]] = False
        return hub, self.saddle_minima[spoke], np.repeat(self.saddle_energy, size - 1)

    def records(self) -> Iterator[Record]:
        """Yield the map as records, minima before the saddles that name them."""
        volumes = _listed(self.log_volume)
        columns = (self.key, self.energy, self.weight, self.plateau, self.orbit)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        lids = _listed(None if self.exact else self.lid)
        for row, visits, volume, lid in zip(rows, self.visits.tolist(), volumes, lids, strict=False):
            key, energy, weight, plateau, orbit = row
            yield Minimum(key, energy, weight, plateau, orbit, None, visits, volume, lid)
        names = self.key[self.saddle_minima].tolist()
        bounds = np.where(self.saddle_exact, "exact", "upper").tolist()
        starts = self.saddle_offsets.tolist()
        indices = _listed(self.saddle_index)
        volumes = _listed(self.saddle_log_volume)
        passes = zip(self.saddle_key.tolist(), self.saddle_energy.tolist(), bounds, indices, volumes, strict=False)
        for number, (key, energy, bound, index, volume) in enumerate(passes):
            joined = tuple(names[starts[number] : starts[number + 1]])
            yield Saddle(key, energy, joined, index, bound, None, volume)
        if self.census is not None:
            yield self.census
        yield from self.tallies
