"""Labelled landscapes: families of which the literature, or a proof, says what they are, and where that is doubtful.

Each family names a landscape for a number of bits and a seed. Labels hold for large systems; at the smallest sizes
some are doubtful, and `Family.doubt` says up to which size and why. The calibration counts those landscapes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, InputError, Parameter, Progress, Symmetry, identity_hash, no_progress
from spinfunnel.landscape.kinds import Kind
from spinfunnel.systems import (
    SpinPolynomial,
    binary_network,
    dill_chan,
    disordered_ferromagnet,
    edwards_anderson,
    golf_course,
    hopfield_memory,
    maximum_cut,
    multiscale_glass,
    number_partitioning,
    p_spin_glass,
    random_energy_model,
    random_field_ising,
    sherrington_kirkpatrick,
)

__all__ = [
    "FAMILIES",
    "LABELS",
    "SCANS",
    "SIZES",
    "SLOPES",
    "WEIGHTS",
    "EnergyTable",
    "Family",
    "Label",
    "network",
    "two_memories",
    "two_slopes",
]

Label: TypeAlias = Literal["funnel", "multi-funnel", "golf course", "smooth", "glass"]
LABELS: tuple[Label, ...] = ("funnel", "multi-funnel", "golf course", "smooth", "glass")

SIZES = (12, 16, 18, 20, 24)
"""Numbers of bits with lattices that are not chains."""
PLANE: Mapping[int, tuple[int, ...]] = {12: (3, 4), 16: (4, 4), 18: (3, 6), 20: (4, 5), 24: (4, 6)}
SPACE: Mapping[int, tuple[int, ...]] = {12: (2, 2, 3), 16: (2, 2, 4), 18: (2, 3, 3), 20: (2, 2, 5), 24: (2, 3, 4)}


@dataclass(frozen=True, slots=True)
class Family:
    """Landscapes with one label.

    Attributes
    ----------
    name : str
    label : {"funnel", "multi-funnel", "golf course", "smooth", "glass"}
    build : callable
        ``build(n, seed)`` makes the landscape of about n bits.
    source : str
        Why it bears its label.
    doubt : str
        Why the label is doubtful at small sizes; empty where it is not.
    doubtful_to : int
        Largest size at which it is doubtful; 0 where there is none.
    largest : int
        Largest size made: beyond it the energies alone take minutes.
    """

    name: str
    label: Label
    build: Callable[[int, int], Binary]
    source: str
    doubt: str = ""
    doubtful_to: int = 0
    largest: int = 62

    def doubtful(self, n: int) -> bool:
        """Whether the label is doubtful at this size."""
        return n <= self.doubtful_to


@dataclass(frozen=True, slots=True, eq=False)
class EnergyTable:
    """A landscape whose energies are written down, one for each state; a `Binary` landscape."""

    kind: ClassVar[Kind] = Kind.BINARY

    size: int
    energies: NDArray[np.float64] = field(repr=False)
    name: str = "table"
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """None."""
        return ()

    @property
    def identity(self) -> str:
        """Hash of the energies."""
        return identity_hash(self.name, self.parameters, self.energies)

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        place: NDArray[np.int64] = states.astype(np.int64) @ (np.int64(1) << np.arange(self.size))
        return self.energies[place]

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:  # noqa: ARG002
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        out[:] = self.energies[: len(out)]
        progress("energies", 1.0)


def network(n: int, *, hidden: int, labels: str, per_weight: int = 8, seed: int) -> Binary:
    """Binary-weight network of about n weights, the hidden units of equal size, on so many patterns a weight."""
    inputs = round(n / hidden)
    patterns = per_weight * hidden * inputs
    return binary_network(inputs, hidden=hidden, patterns=patterns, labels=labels, seed=seed)


def two_memories(n: int, *, ratio: float, seed: int) -> SpinPolynomial:
    """Two orthogonal patterns of strengths 1 and `ratio`, ``E = -(1 / 2n) sum_mu w_mu (xi_mu . s)^2 + constant``."""
    rng = np.random.default_rng([seed, 5])
    patterns = np.tile(2.0 * rng.integers(0, 2, n) - 1.0, (2, 1))
    patterns[1, rng.permutation(n)[: n // 2]] *= -1.0
    first, second = np.triu_indices(n, 1)
    couplings = (np.array([1.0, ratio])[:, None] * patterns[:, first] * patterns[:, second]).sum(axis=0) / n
    parameters: dict[str, Parameter] = {"n": n, "ratio": ratio, "seed": seed}
    return SpinPolynomial(
        n, [(np.stack([first, second], axis=1), -couplings)], name="two memories", parameters=parameters
    )


def two_patterns(n: int, *, seed: int) -> SpinPolynomial:
    """Hopfield memory of two patterns, the first of its seeds from ``1000 seed`` on with an overlap up to 1/3."""
    # The global flip apart, two patterns share one coupling, J_ij = (xi_i xi_j + eta_i eta_j) / n: it vanishes where
    # they differ in one of both spins, and the overlap follows from the number of spins that differ.
    for number in range(1000 * seed, 1000 * (seed + 1)):
        memory = hopfield_memory(n, patterns=2, seed=number)
        coupled = len(memory.terms[2][1]) if memory.terms else 0
        differing = next(d for d in range(n // 2 + 1) if coupled == n * (n - 1) // 2 - d * (n - d))
        if n - 2 * differing <= n / 3:
            return memory
    raise InputError(f"no two of a thousand pairs of patterns of {n} spins are dissimilar; choose another size")


def two_slopes(n: int, *, slope: float, seed: int) -> EnergyTable:
    """Random energies N(0, n / 8) and a slope toward the nearer of two targets half the spins apart.

    The second target lies higher by a twentieth of the depth of the first, ``slope * n / 2``.
    """
    rng = np.random.default_rng([seed, 6])
    first = int(rng.integers(1 << n))
    second = first ^ int((1 << rng.permutation(n)[: n // 2]).sum())
    number = np.arange(1 << n)
    near, far = (np.bitwise_count(number ^ target).astype(float) for target in (first, second))
    energies = rng.normal(0.0, np.sqrt(n / 8.0), 1 << n)
    energies += slope * np.minimum(near, far + n / 40.0)
    return EnergyTable(n, energies, "two slopes", {"n": n, "slope": slope, "seed": seed})


def hole(n: int, *, roughness: float, radius: int, seed: int) -> EnergyTable:
    """Random energies of standard deviation `roughness` and one hole twice as deep as the band reaches, or 1.

    States within `radius` flips of the bottom lie on its wall, at equal steps.
    """
    rng = np.random.default_rng([seed, 7])
    energies = rng.normal(0.0, roughness, 1 << n) if roughness > 0.0 else np.zeros(1 << n)
    deep = 2.0 * roughness * np.sqrt(2.0 * n * np.log(2.0)) if roughness > 0.0 else 1.0
    away = np.bitwise_count(np.arange(1 << n) ^ int(rng.integers(1 << n))).astype(float)
    wall = away <= radius
    energies[wall] -= deep * (1.0 - away[wall] / (radius + 1))
    return EnergyTable(n, energies, "hole", {"n": n, "roughness": roughness, "radius": radius, "seed": seed})


def independent_spins(n: int, *, spread: float, seed: int) -> SpinPolynomial:
    """Spins without interactions, ``E = -sum h_i s_i``: h normal, or |h| within `spread` of 1 and signs random."""
    rng = np.random.default_rng([seed, 8])
    fields = rng.normal(size=n) if spread == 0.0 else rng.uniform(1 - spread, 1 + spread, n) * rng.choice([-1, 1], n)
    facts: dict[str, Parameter] = {"n": n, "spread": spread, "seed": seed}
    return SpinPolynomial(n, [(np.arange(n)[:, None], -fields)], name="independent spins", parameters=facts)


def _without_roughness(n: int, seed: int, *, shape: str) -> Binary:
    """Landscape of Dill and Chan that its seed places only, and whose one dial is turned with the seed instead."""
    step = seed % 4
    if shape == "smooth":
        states = 2 + 2 * (step % 2)
        return dill_chan(2 * n // states, shape=shape, states=states, seed=seed)
    return dill_chan(n, shape=shape, rim=0.3 + 0.05 * step, ditch=0.2 + 0.01 * step, seed=seed)


def _sloped(n: int, seed: int, *, slope: float) -> Binary:
    return random_energy_model(n, slope=slope, seed=seed)


def _labelled(n: int, seed: int, *, labels: str) -> Binary:
    return network(n, hidden=3, labels=labels, seed=seed)


_SMALL_GLASS = "a finite glass of few spins has a handful of minima, and one of them may drain most states by chance"

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("dfm", "funnel", lambda n, seed: disordered_ferromagnet(PLANE[n], seed=seed),
               "unfrustrated; its supergraph is that of model proteins: Garstecki, Hoang, Cieplak (1999)"),
        Family("hopfield, one pattern", "funnel", lambda n, seed: hopfield_memory(n, patterns=1, seed=seed),
               "two minima, the pattern and its negative, by proof: Hopfield (1982)"),
        Family("rem with slope 4", "funnel", lambda n, seed: random_energy_model(n, slope=4.0, seed=seed),
               "the slope exceeds the roughness on every way to the target: Bryngelson, Wolynes (1987)"),
        Family("sk with bias 3", "funnel", lambda n, seed: sherrington_kirkpatrick(n, bias=3.0, seed=seed),
               "ferromagnetic phase, well above J0 = J: Sherrington, Kirkpatrick (1975)"),
        Family("multiscale, little frustration", "funnel",
               lambda n, seed: multiscale_glass(n, frustration=0.1, seed=seed),
               "one interaction in twenty contradicts the native state: Bryngelson, Wolynes (1987)"),
        Family("committee, teacher", "funnel", lambda n, seed: network(n, hidden=3, labels="teacher", seed=seed),
               "far beyond the transition to perfect generalisation: Barkai, Hansel, Kanter (1990)"),
        Family("perceptron, teacher", "funnel",
               lambda n, seed: network(n, hidden=1, labels="teacher", per_weight=4, seed=seed),
               "4 patterns a weight; perfect generalisation from 1.245: Gyorgyi, Phys. Rev. A 41, 7097 (1990)",
               largest=18),
        Family("rugged funnel", "funnel", lambda n, seed: dill_chan(n, shape="rugged", roughness=0.5, seed=seed),
               "slope 1 a residue, twice the roughness: Dill, Chan (1997)"),
        Family("champagne glass", "funnel", partial(_without_roughness, shape="champagne"),
               "flat beyond 30 to 45 % of the residues, where nearly all states are, steep below: Dill, Chan (1997)"),
        Family("moat", "multi-funnel", partial(_without_roughness, shape="moat"),
               "a ditch around the native state, 20 to 23 % as deep, and one way past it: Dill, Chan (1997)"),
        Family("hopfield, two patterns", "multi-funnel", lambda n, seed: two_patterns(n, seed=seed),
               "two dissimilar patterns of exactly one energy: Hopfield (1982)"),
        Family("two memories", "multi-funnel", lambda n, seed: two_memories(n, ratio=0.95, seed=seed),
               "two patterns, the second weaker by a twentieth"),
        Family("two slopes", "multi-funnel", lambda n, seed: two_slopes(n, slope=4.0, seed=seed),
               "two planted states, each at the foot of half of the slope"),
        Family("golf", "golf course", lambda n, seed: golf_course(n, depth=1.0 + seed % 7, seed=seed),
               "flat but for one state: Dill, Chan (1997)"),
        Family("hole in a rough plain", "golf course", lambda n, seed: hole(n, roughness=1.0, radius=0, seed=seed),
               "random energies without slope, one state twice as deep as they reach: Bryngelson, Wolynes (1987)"),
        Family("hole with a rim", "golf course", lambda n, seed: hole(n, roughness=0.3, radius=1, seed=seed),
               "the same, with a wall of one flip around the hole"),
        Family("independent spins", "smooth", lambda n, seed: independent_spins(n, spread=0.0, seed=seed),
               "no interaction: one minimum, and no transition at any temperature"),
        Family("independent spins, alike", "smooth", lambda n, seed: independent_spins(n, spread=0.5, seed=seed),
               "no interaction: one minimum, and no transition at any temperature"),
        Family("smooth funnel", "smooth", partial(_without_roughness, shape="smooth"),
               "energy counts wrong residues, one minimum: Dill, Chan (1997)"),
        Family("rfim, field 8", "smooth", lambda n, seed: random_field_ising(PLANE[n], field=8.0, seed=seed),
               "fields outweigh the four bonds of a spin: Imry, Ma (1975)"),
        Family("ea 2d", "glass", lambda n, seed: edwards_anderson(PLANE[n], seed=seed),
               "Edwards, Anderson (1975)", _SMALL_GLASS, 16),
        Family("ea 3d", "glass", lambda n, seed: edwards_anderson(SPACE[n], seed=seed),
               "Edwards, Anderson (1975)", _SMALL_GLASS, 16),
        Family("sk", "glass", lambda n, seed: sherrington_kirkpatrick(n, seed=seed),
               "Sherrington, Kirkpatrick (1975)", _SMALL_GLASS, 16),
        Family("cut, degree 4", "glass",
               lambda n, seed: maximum_cut(n, degree=4, weights="gaussian", seed=seed),
               "spin glass on a random graph: Viana, Bray, J. Phys. C 18, 3037 (1985)", _SMALL_GLASS, 16),
        Family("pspin", "glass", lambda n, seed: p_spin_glass(n, p=3, seed=seed), "Derrida (1981)"),
        Family("rem", "glass", lambda n, seed: random_energy_model(n, seed=seed), "Derrida (1981)"),
        Family("partition", "glass", lambda n, seed: number_partitioning(n, bits=20, seed=seed),
               "low energies are those of a random energy model: Mertens, Phys. Rev. Lett. 84, 1347 (2000)"),
        Family("multiscale, frustrated", "glass", lambda n, seed: multiscale_glass(n, frustration=1.0, seed=seed),
               "signs are fair coins", _SMALL_GLASS, 16),
        Family("committee, random labels", "glass", lambda n, seed: network(n, hidden=3, labels="random", seed=seed),
               "8 patterns a weight, ten times the capacity: Barkai, Hansel, Kanter (1990)"),
    )
}  # fmt: skip
"""All families, funnels first."""

SLOPES = (0.0, 0.5, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
"""Slopes on the way of a random energy model from glass to funnel."""
WEIGHTS = (9, 12, 15, 18)
"""Numbers of weights of committees of three units."""

SCANS: dict[str, Callable[[int, int], Binary]] = {
    **{f"rem, slope {slope:g}": partial(_sloped, slope=slope) for slope in SLOPES},
    **{f"network, {labels} labels": partial(_labelled, labels=labels) for labels in ("teacher", "random")},
}
"""Landscapes without a label: what turns from one kind to another, and networks beside networks."""
