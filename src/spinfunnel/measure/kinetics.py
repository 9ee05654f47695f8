"""Coarse-grained kinetics: rates between minima, their master equation and what follows from it (definition 13).

Minimum i holds ``Z_i`` of the Boltzmann weight and exchanges the flow ``F_ij = F_ji`` with minimum j at equilibrium::

    k_ij = F_ij / Z_i        dP_i/dt = sum_j (P_j k_ji - P_i k_ij)

so that detailed balance holds by construction, ``p_i k_ij = p_j k_ji`` with ``p_i = Z_i / sum Z``. Two ways to the
weights and flows:

- `arrhenius`, from the map alone, its low-temperature form: ``Z_i = g_i exp(-E_i / T)`` with g_i the plain states
  behind the minimum (plateau times orbit), and ``F_ij = sum over saddles that join i and j of c exp(-s / T) / n``. A
  saddle that joins n minima falls into each of them as likely as into any other, back where it came from included; it
  stands for as many copies c as the largest orbit has. The map of a flood keeps the saddles that matter for exits and
  merges, and others add to the rates: `explore.flood.direct.direct_saddles` keeps one for every pair. Against the
  full dynamics of systems of 10 to 12 bits at temperatures of a tenth of the energies' standard deviation or less, the
  slowest times are right within a factor of 2 with the latter, and of 4 with the former; well above that they are not.
- `from_flow`, from partition functions and flows summed over all states of the basins
  (`explore.flood.direct.basin_flow`): the chain lumped to its basins. Basin entropies are exact then; rates are
  upper bounds, since whoever crosses a border may at once cross back: too fast by 2 to 4 on the same systems, at any
  temperature at which minima are metastable.

Time is counted in sweeps: every move is attempted once a sweep, so that N energy evaluations of a spin system are one.

Kramers, Physica 7, 284 (1940); Wales, Energy Landscapes (Cambridge, 2003), ch. 7; Garstecki, Hoang, Cieplak, Phys.
Rev. E 60, 3219 (1999).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.connected_part import on_part
from spinfunnel.measure.coverage import when_complete
from spinfunnel.measure.elimination import Elimination, eliminate
from spinfunnel.measure.outcome import Measure, Topography, exactly, no_path, no_weights
from spinfunnel.measure.temperature import temperature_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

__all__ = [
    "MEASURES",
    "MOST_MINIMA",
    "Kinetics",
    "arrhenius",
    "check_solvable",
    "from_flow",
    "grounded",
    "passage_times",
    "relaxation_times",
    "saddle_pairs",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_MINIMA = 4096
"""Minima up to which times and committors are solved for: the flow is held densely meanwhile, 128 MiB."""
LARGEST_EXPONENT = 600.0
"""Largest energy over temperature: weights and flows must fit into a double with room for products."""


@dataclass(frozen=True, slots=True, eq=False)
class Kinetics:
    """Rates between the minima of a map at one temperature.

    Attributes
    ----------
    temperature : float
    population : array of float64, shape (m,)
        Equilibrium shares p_i of the minima, summing to 1.
    flow : csr_matrix, shape (m, m)
        ``p_i k_ij``: how often the step from i to j is made at equilibrium, per sweep; symmetric, diagonal 0. Drawn on
        the disconnectivity graph this is the supergraph of Garstecki, Hoang and Cieplak.
    """

    temperature: float
    population: Floats
    flow: csr_matrix

    @property
    def minima(self) -> int:
        """Number of minima."""
        return len(self.population)

    def rates(self) -> csr_matrix:
        """Rates ``k_ij`` from i to j, per sweep."""
        from scipy.sparse import csr_matrix, diags

        return csr_matrix(diags(1.0 / self.population) @ self.flow)

    def generator(self) -> csr_matrix:
        """Generator Q of the master equation ``dP/dt = P Q``: rates off the diagonal, rows that sum to 0."""
        from scipy.sparse import csr_matrix, diags

        rates = self.rates()
        return csr_matrix(rates - diags(np.asarray(rates.sum(axis=1)).ravel()))

    @property
    def visits(self) -> Floats:
        """How often each minimum is left, which is how often it is entered, per sweep at equilibrium."""
        return np.asarray(self.flow.sum(axis=1)).ravel()

    @property
    def connected(self) -> bool:
        """Whether every minimum can be reached from every other."""
        from scipy.sparse.csgraph import connected_components

        return int(connected_components(self.flow, directed=False)[0]) == 1


def arrhenius(graph: BasinGraph, *, temperature: float) -> Kinetics:
    """Rates over the saddles of a map, ``k_ij = sum over saddles of (c / (n g_i)) exp(-(s - E_i) / T)``.

    Letters as at the head of this module.

    Parameters
    ----------
    graph : BasinGraph
        Any map; a sampled one gives the kinetics over the saddles that it knows.
    temperature : float
        In the unit of the energy, k_B = 1.

    Raises
    ------
    InputError
        For a graph without minima, or a temperature that is not positive and finite, or is so low that the highest
        Boltzmann weight needed underflows.

    Examples
    --------
    Two minima at energies 0 and 1 with a saddle at 2, at a temperature of 1:

    >>> graph = BasinGraph(
    ...     key=np.array(["00", "11"]),
    ...     energy=np.array([0.0, 1.0]),
    ...     weight=np.full(2, 0.5),
    ...     plateau=np.ones(2, np.int64),
    ...     orbit=np.ones(2, np.int64),
    ...     saddle_key=np.array(["01"]),
    ...     saddle_energy=np.array([2.0]),
    ...     saddle_offsets=np.array([0, 2]),
    ...     saddle_minima=np.array([0, 1]),
    ...     saddle_exact=np.ones(1, bool),
    ... )
    >>> kinetics = arrhenius(graph, temperature=1.0)
    >>> bool(np.isclose(kinetics.rates()[1, 0], np.exp(-1.0) / 2))
    True
    """
    if not (math.isfinite(temperature) and temperature > 0.0):
        raise InputError(f"a temperature of {temperature} has no Boltzmann weights: give a finite number above 0")
    if graph.minima == 0:
        raise InputError("the map holds no minimum yet: explore the landscape first")
    cold = _exponent(graph, temperature)
    if not cold <= LARGEST_EXPONENT:
        raise InputError(
            f"at a temperature of {temperature} the weights of this map span exp({cold:.3g}), which underflows: "
            f"give at least {temperature * cold / LARGEST_EXPONENT:.3g}"
        )
    rows, columns, saddle = saddle_pairs(graph)
    joined = np.diff(graph.saddle_offsets)
    boltzmann = np.exp(-(graph.saddle_energy - graph.energy[0]) / temperature)
    if graph.harmonic and graph.saddle_log_volume is not None:
        weight, crossed = _harmonic(graph, temperature)
        return from_flow(weight, rows=rows, columns=columns, flow=crossed[saddle], temperature=temperature)
    weight = graph.plateau * graph.orbit * np.exp(-(graph.energy - graph.energy[0]) / temperature)
    flow = (float(graph.orbit.max()) * boltzmann / np.maximum(joined, 1))[saddle]
    return from_flow(weight, rows=rows, columns=columns, flow=flow, temperature=temperature)


def _harmonic(graph: BasinGraph, temperature: float) -> tuple[Floats, Floats]:
    """Weights of the minima and flows over the saddles in harmonic transition-state theory.

    ``Z_i = exp(v_i - E_i / T)`` and ``F = exp(v_s - E_s / T) / (2 pi)``, so that with unit masses the rate is
    ``k = (1 / 2 pi) (h_i / h_s) prod omega_i / prod' omega_s exp(-(E_s - E_i) / T)``; both over one common factor. Time
    is then that of the landscape's own units, not sweeps.
    Pelzer, Wigner, Z. Phys. Chem. B 15, 445 (1932); Wales, Energy Landscapes (Cambridge, 2003), ch. 7.
    """
    common = float(graph.log_states[0])
    weight = np.exp(graph.log_states - common - (graph.energy - graph.energy[0]) / temperature)
    height = (graph.saddle_energy - graph.energy[0]) / temperature
    crossed = np.exp(graph.saddle_log_states - common - height) / (2.0 * math.pi)
    return weight, crossed


def saddle_pairs(graph: BasinGraph) -> tuple[Ints, Ints, Ints]:
    """Every pair of minima at every saddle: (one, other, number of the saddle)."""
    joined = np.diff(graph.saddle_offsets)
    parts = []
    for size in np.unique(joined[joined >= 2]).tolist():
        saddle = np.flatnonzero(joined == size)
        minima = graph.saddle_minima[graph.saddle_offsets[saddle][:, None] + np.arange(size)]
        one, other = np.triu_indices(size, 1)
        parts.append((minima[:, one].ravel(), minima[:, other].ravel(), np.repeat(saddle, len(one))))
    if not parts:
        return (np.zeros(0, np.int64),) * 3
    first, second, third = (np.concatenate(column) for column in zip(*parts, strict=True))
    return first, second, third


def from_flow(weight: Floats, *, rows: Ints, columns: Ints, flow: Floats, temperature: float) -> Kinetics:
    """Kinetics of given weights and equilibrium flows.

    Parameters
    ----------
    weight : array of float64, shape (m,)
        Partition function Z_i of each minimum, up to one factor.
    rows, columns : array of int64, shape (e,)
        Pairs of minima, each pair once in either order or several times, which add up; a minimum with itself is
        left out.
    flow : array of float64, shape (e,)
        Flow one way, with the same factor, for every move attempted once a sweep.
    temperature : float

    Examples
    --------
    >>> kinetics = from_flow(
    ...     np.array([3.0, 1.0]), rows=np.array([0]), columns=np.array([1]), flow=np.array([0.5]), temperature=1.0
    ... )
    >>> kinetics.population.tolist(), kinetics.generator().toarray()[1].tolist()
    ([0.75, 0.25], [0.5, -0.5])
    """
    from scipy.sparse import coo_matrix, csr_matrix

    total, m = float(weight.sum()), len(weight)
    apart = rows != columns
    low, high = np.minimum(rows, columns)[apart], np.maximum(rows, columns)[apart]
    # One triangle first, so that both directions add the same numbers in the same order.
    upper = csr_matrix(coo_matrix((flow[apart] / total, (low, high)), shape=(m, m)))
    upper.sum_duplicates()
    return Kinetics(float(temperature), np.asarray(weight, np.float64) / total, csr_matrix(upper + upper.T))


def _exponent(graph: BasinGraph, temperature: float) -> float:
    highest = max(float(graph.energy[-1]), float(graph.saddle_energy.max()) if graph.saddles else -math.inf)
    with np.errstate(over="ignore"):
        return float(np.float64(highest - float(graph.energy[0])) / temperature)


# ---------------------------------------------------------------------------------------------
# What follows from rates


def relaxation_times(kinetics: Kinetics, *, count: int = 6) -> Floats:
    """Longest times of the relaxation to equilibrium, in sweeps: minus the inverses of the generator's eigenvalues.

    Parameters
    ----------
    kinetics : Kinetics
        Connected, of at most `MOST_MINIMA` minima.
    count : int
        Times wanted; fewer are given where there are fewer minima.

    Returns
    -------
    array of float64, shape (min(count, m - 1),)
        In descending order. Those below 1e-12 of the longest are lost to rounding and left out.

    Notes
    -----
    Eigenvalues of the inverse are sought, with the elimination that subtracts nothing: the slow end of the spectrum,
    which an eigenvalue solver of the generator itself loses first.

    Examples
    --------
    >>> kinetics = from_flow(
    ...     np.array([3.0, 1.0]), rows=np.array([0]), columns=np.array([1]), flow=np.array([0.5]), temperature=1.0
    ... )
    >>> print(relaxation_times(kinetics).round(12).tolist())
    [1.5]
    """
    from scipy.linalg import eigh
    from scipy.sparse.linalg import LinearOperator, eigsh

    check_solvable(kinetics)
    m = kinetics.minima
    wanted = min(count, m - 1)
    if wanted < 1:
        return np.zeros(0)
    root = np.sqrt(kinetics.population)
    ground = int(np.argmax(kinetics.population))
    others, factors = grounded(kinetics, [ground])

    def relax(vector: Floats) -> Floats:
        vector = vector - root * float(root @ vector)
        answer = np.zeros(m)
        answer[others] = factors.solve((root * vector)[others])
        answer *= root
        return np.asarray(answer - root * float(root @ answer))

    if m <= 64 or wanted > m // 4:
        columns = np.array([relax(unit) for unit in np.eye(m)])
        times = eigh(0.5 * (columns + columns.T), eigvals_only=True)[::-1]
    else:
        # A fixed start, so that the same kinetics gives the same digits.
        start = np.random.default_rng(m).standard_normal(m)
        operator = LinearOperator((m, m), matvec=lambda v: relax(np.asarray(v).ravel()), dtype=np.float64)
        times = np.sort(eigsh(operator, k=wanted, which="LA", v0=start, return_eigenvectors=False))[::-1]
    times = np.asarray(times[:wanted], np.float64)
    return times[times > 1e-12 * times[0]]


def passage_times(kinetics: Kinetics, target: int | Sequence[int] | Ints) -> Floats:
    """Mean first passage time from every minimum to the target, in sweeps: ``sum_j k_ij (tau_i - tau_j) = 1``.

    Returns
    -------
    array of float64, shape (m,)
        0 in the target; every other entry to full relative precision.

    Examples
    --------
    >>> kinetics = from_flow(
    ...     np.array([3.0, 1.0]), rows=np.array([0]), columns=np.array([1]), flow=np.array([0.5]), temperature=1.0
    ... )
    >>> passage_times(kinetics, 0).tolist()
    [0.0, 2.0]
    """
    check_solvable(kinetics)
    others, factors = grounded(kinetics, np.atleast_1d(target))
    time = np.zeros(kinetics.minima)
    time[others] = factors.solve(kinetics.population[others])
    return time


def grounded(kinetics: Kinetics, absorbing: Sequence[int] | Ints) -> tuple[Ints, Elimination]:
    """Minima that do not absorb, and the elimination of their flow."""
    inside = np.zeros(kinetics.minima, bool)
    inside[np.asarray(absorbing, np.int64)] = True
    others = np.flatnonzero(~inside)
    into = np.asarray(kinetics.flow[:, np.flatnonzero(inside)].sum(axis=1)).ravel()
    return others, eliminate(kinetics.flow[others][:, others], into[others])


def check_solvable(kinetics: Kinetics) -> None:
    """Refuse kinetics of too many minima, or in several parts."""
    if kinetics.minima > MOST_MINIMA:
        raise InputError(
            f"{kinetics.minima} minima need {8 * kinetics.minima**2 / 2**30:.1f} GiB to solve for their kinetics; that "
            f"is done up to {MOST_MINIMA}: choose a smaller size"
        )
    if not kinetics.connected:
        raise InputError("no path of known saddles leads from some minima to others: explore further")


# ---------------------------------------------------------------------------------------------
# Measures


def slowest_relaxation(topography: Topography) -> Measurement:
    """Longest relaxation time of the master equation over the map's saddles at T, in sweeps."""
    times = topography.shared(_times)
    return times if isinstance(times, NoAnswer) else exactly(float(times[0]))


def two_state_ratio(topography: Topography) -> Measurement:
    """Longest relaxation time over the second longest, 1 or more: large for two-state folding, near 1 for a glass."""
    times = topography.shared(_times)
    if isinstance(times, NoAnswer):
        return times
    if len(times) < 2:
        return NoAnswer(
            "no_second_time",
            "there is one relaxation time, or the second is below 1e-12 of the first",
            "nothing to do: relaxation is that of two states",
        )
    return exactly(float(times[0] / times[1]))


def folding_sweeps(topography: Topography) -> Measurement:
    """Mean first passage time to the native minima over the map's saddles at T, in sweeps, from a random state.

    The start is the minimum to which a state drawn at random drains.
    """
    graph = topography.graph
    if graph.minima > 1 and bool(graph.native.all()):
        return NoAnswer(
            "all_native", f"all {graph.minima} minima count as native", "nothing to do: nothing has to fold"
        )
    kinetics = topography.shared(_kinetics)
    if isinstance(kinetics, NoAnswer):
        return kinetics
    whole = float(graph.weight.sum())
    if not whole > 0.0:
        return no_weights()
    time = passage_times(kinetics, np.flatnonzero(graph.native))
    return exactly(float(graph.weight @ time) / whole)


def _kinetics(topography: Topography) -> Kinetics | NoAnswer:
    graph = topography.graph
    if graph.minima == 1:
        return NoAnswer("single_minimum", "there is one minimum only", "nothing to do: no barrier exists")
    if graph.minima > MOST_MINIMA:
        return NoAnswer(
            "too_many_minima",
            f"the kinetics of {graph.minima} minima are not solved for; that is done up to {MOST_MINIMA}",
            "measure a smaller size",
        )
    temperature = temperature_of(topography)
    if isinstance(temperature, NoAnswer):
        return temperature
    exponent = _exponent(graph, temperature)
    if not exponent <= LARGEST_EXPONENT:
        return NoAnswer(
            "too_cold",
            f"at a temperature of {temperature:g} Boltzmann weights span exp({exponent:.3g})",
            "measure at a higher temperature",
        )
    kinetics = arrhenius(graph, temperature=temperature)
    return kinetics if kinetics.connected else no_path()


def _times(topography: Topography) -> Floats | NoAnswer:
    kinetics = topography.shared(_kinetics)
    return kinetics if isinstance(kinetics, NoAnswer) else relaxation_times(kinetics, count=2)


_KINETICS = "Kramers, Physica 7, 284 (1940); Wales, Energy Landscapes (Cambridge, 2003), ch. 7"

MEASURES = (
    Measure(
        "slowest_relaxation",
        "longest relaxation time at T, in sweeps",
        _KINETICS,
        13,
        exact=slowest_relaxation,
        sampled=when_complete(slowest_relaxation),
        smooth=on_part(slowest_relaxation),
    ),
    Measure(
        "two_state_ratio",
        "longest over second longest relaxation time at T: large for two-state folding",
        _KINETICS,
        13,
        exact=two_state_ratio,
        sampled=when_complete(two_state_ratio),
        smooth=on_part(two_state_ratio),
    ),
    Measure(
        "folding_sweeps",
        "mean passage time to the native minima over the map's saddles at T, in sweeps",
        _KINETICS,
        13,
        exact=folding_sweeps,
        sampled=when_complete(folding_sweeps),
        smooth=on_part(folding_sweeps),
    ),
)
