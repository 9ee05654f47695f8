"""Labelled landscapes: families of which the literature, or a proof, says what they are, and where that is doubtful.

Each family names a landscape for a number of bits and a seed. Labels hold for large systems; at the smallest sizes
some are doubtful, and `Family.doubt` says up to which size and why. The calibration counts those landscapes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np

from spinfunnel.calibration.energy_table import EnergyTable
from spinfunnel.calibration.planted import (
    block_energies,
    concave_well,
    fully_frustrated,
    hidden_magnet,
    leading_ones,
    magnet_in_field,
    neighbour_tables,
    open_chain,
    orthogonal_memories,
    parity_checks,
    planted_pairs,
    random_energies,
    regular_bonds,
    ring,
    separable,
    signed_pairs,
    two_cliques,
    weakly_coupled,
    wells,
)
from spinfunnel.landscape import Binary, InputError, Parameter
from spinfunnel.systems import (
    SpinPolynomial,
    binary_network,
    dill_chan,
    disordered_ferromagnet,
    edwards_anderson,
    golf_course,
    hopfield_memory,
    low_autocorrelation,
    maximum_cut,
    multiscale_glass,
    number_partitioning,
    p_spin_glass,
    random_energy_model,
    random_field_ising,
    sherrington_kirkpatrick,
)
from spinfunnel.systems.spins.glasses import lattice_bonds

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
PLANE: Mapping[int, tuple[int, ...]] = {
    9: (3, 3),
    10: (2, 5),
    12: (3, 4),
    14: (2, 7),
    16: (4, 4),
    18: (3, 6),
    20: (4, 5),
    24: (4, 6),
}
EVEN: Mapping[int, tuple[int, int]] = {16: (4, 4), 24: (4, 6)}
"""Planes of even sides."""
SPACE: Mapping[int, tuple[int, ...]] = {
    9: (1, 3, 3),
    12: (2, 2, 3),
    14: (1, 2, 7),
    16: (2, 2, 4),
    18: (2, 3, 3),
    20: (2, 2, 5),
    24: (2, 3, 4),
}


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
    also : tuple of labels
        Further kinds that are no error, where words leave it open which of them it is.
    sizes : tuple of int
        The only sizes there are; all unless given.
    """

    name: str
    label: Label
    build: Callable[[int, int], Binary]
    source: str
    doubt: str = ""
    doubtful_to: int = 0
    largest: int = 62
    also: tuple[Label, ...] = ()
    sizes: tuple[int, ...] = ()

    def made(self, n: int) -> bool:
        """Whether there is such a landscape of n bits."""
        return n <= self.largest and (not self.sizes or n in self.sizes)

    def right(self, kind: str) -> bool:
        """Whether a kind is no error."""
        return kind == self.label or kind in self.also

    def doubtful(self, n: int) -> bool:
        """Whether the label is doubtful at this size."""
        return n <= self.doubtful_to


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


def hole(n: int, *, roughness: float, radius: int, seed: int, draw: str = "normal") -> EnergyTable:
    """Random energies of standard deviation `roughness` and one hole twice as deep as a normal band reaches, or 1.

    States within `radius` flips of the bottom lie on its wall, at equal steps.
    """
    rng = np.random.default_rng([seed, 7])
    energies = np.zeros(1 << n)
    if roughness > 0.0:
        wide = roughness * np.sqrt(3.0)
        energies = rng.uniform(-wide, wide, 1 << n) if draw == "uniform" else rng.normal(0.0, roughness, 1 << n)
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


def two_holes(n: int, *, seed: int) -> EnergyTable:
    """Flat but for two states of one energy."""
    rng = np.random.default_rng([seed, 9])
    energies = np.zeros(1 << n)
    energies[rng.choice(1 << n, 2, replace=False)] = -1.0
    return EnergyTable(n, energies, "two holes", {"n": n, "seed": seed})


def sk_in_field(n: int, *, field: float, seed: int) -> SpinPolynomial:
    """Sherrington-Kirkpatrick model in normal random fields."""
    glass = sherrington_kirkpatrick(n, seed=seed)
    fields = np.random.default_rng([seed, 10]).normal(0.0, field, n)
    terms = [*glass.terms.values(), (np.arange(n)[:, None], fields)]
    return SpinPolynomial(n, terms, name="sk in a field", parameters={"n": n, "field": field, "seed": seed})


def _low_autocorrelation(n: int, seed: int) -> Binary:  # noqa: ARG001
    return low_autocorrelation(n)


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
               "far beyond the transition to perfect generalisation: Barkai, Hansel, Kanter (1990)", also=("smooth",)),
        Family("perceptron, teacher", "funnel",
               lambda n, seed: network(n, hidden=1, labels="teacher", per_weight=4, seed=seed),
               "4 patterns a weight; perfect generalisation from 1.245: Gyorgyi, Phys. Rev. A 41, 7097 (1990)",
               largest=18, also=("smooth",)),
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
               "flat except one state: Dill, Chan (1997)"),
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
               "fields outweigh the four bonds of a spin: Imry, Ma (1975)", also=("funnel",)),
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
        # Planted kinds, of the second edition.
        Family("hidden magnet 2d", "funnel",
               lambda n, seed: hidden_magnet(n, lattice_bonds(PLANE[n]), weights="gaussian", seed=seed),
               "unfrustrated in a random gauge: Mattis, Phys. Lett. A 56, 421 (1976)"),
        Family("hidden magnet 3d", "funnel",
               lambda n, seed: hidden_magnet(n, lattice_bonds(SPACE[n]), weights="unit", seed=seed),
               "unfrustrated in a random gauge: Mattis (1976)", sizes=(12, 16, 18, 20, 24)),
        Family("hidden magnet, all pairs", "funnel",
               lambda n, seed: hidden_magnet(n, np.stack(np.triu_indices(n, 1), axis=1), weights="gaussian", seed=seed),
               "unfrustrated in a random gauge: Mattis (1976)"),
        Family("hidden magnet, degree 4", "funnel",
               lambda n, seed: hidden_magnet(n, regular_bonds(n, 4, np.random.default_rng([seed, 31])),
                                             weights="gaussian", seed=seed),
               "unfrustrated on a random regular graph: Mattis (1976)"),
        Family("hidden magnet, degree 3", "funnel",
               lambda n, seed: hidden_magnet(n, regular_bonds(n, 3, np.random.default_rng([seed, 32])),
                                             weights="unit", seed=seed),
               "unfrustrated on the Bethe lattice, as random regular graphs are locally: Mattis (1976)"),
        Family("planted pairs", "funnel", lambda n, seed: planted_pairs(n, wrong=0.08, degree=6, seed=seed),
               "one interaction in twelve contradicts the planted state; the ferromagnetic phase ends at one in six"),
        Family("rem with slope 6, uniform", "funnel",
               lambda n, seed: random_energies(n, draw="uniform", slope=6.0, seed=seed),
               "the slope exceeds the roughness on every way to the target: Bryngelson, Wolynes (1987)",
               also=("smooth",)),
        Family("one rough well", "funnel", lambda n, seed: wells(n, count=1, roughness=0.4, seed=seed),
               "distance to one state, and noise of less than half of its spread: Bryngelson, Wolynes (1987)"),
        Family("two wells", "multi-funnel", lambda n, seed: wells(n, count=2, seed=seed),
               "distance to the nearer of two states half of the bits apart"),
        Family("three wells", "multi-funnel", lambda n, seed: wells(n, count=3, seed=seed),
               "distance to the nearest of three states two thirds of the bits apart"),
        Family("two rough wells", "multi-funnel", lambda n, seed: wells(n, count=2, roughness=0.25, seed=seed),
               "the same with noise of a quarter of its spread"),
        Family("three rough wells", "multi-funnel", lambda n, seed: wells(n, count=3, roughness=0.25, seed=seed),
               "the same with noise of a quarter of its spread"),
        Family("two wells, one higher", "multi-funnel", lambda n, seed: wells(n, count=2, lift=0.1, seed=seed),
               "the second well is a tenth less deep"),
        Family("two separate memories", "multi-funnel", lambda n, seed: orthogonal_memories(n, count=2, seed=seed),
               "largest squared overlap with two words, each with its mirror image"),
        Family("magnet in a weak field", "multi-funnel",
               lambda n, seed: magnet_in_field(n, lattice_bonds(PLANE[n]), field=0.05, seed=seed),
               "two mirror images, one lower by a twentieth of their depth"),
        Family("two holes", "golf course", lambda n, seed: two_holes(n, seed=seed),
               "flat except two states: Dill, Chan (1997)"),
        Family("separable, 2^-k", "smooth", lambda n, seed: separable(n, ratio=0.5, seed=seed),
               "no interaction: one minimum, by proof"),
        Family("separable, 0.8^k", "smooth", lambda n, seed: separable(n, ratio=0.8, seed=seed),
               "no interaction: one minimum, by proof"),
        Family("leading ones", "smooth", lambda n, seed: leading_ones(n, seed=seed),
               "one minimum, by proof; found bit by bit: Rudolph (1997)", also=("funnel",)),
        Family("ring", "smooth", lambda n, seed: ring(n, seed=seed),
               "one minimum up to the flip, and no transition in one dimension: Ising (1925)", also=("funnel",)),
        Family("independent blocks", "smooth", lambda n, seed: block_energies(n, bits=3, seed=seed),
               "blocks relax on their own, in a time that does not grow with their number", also=("funnel",)),
        Family("sk in a strong field", "smooth", lambda n, seed: sk_in_field(n, field=4.0, seed=seed),
               "random fields four times the couplings' reach: de Almeida, Thouless (1978)", also=("funnel",)),
        Family("fully frustrated", "glass", lambda n, seed: fully_frustrated(EVEN[n], seed=seed),
               "no order at any temperature above 0, many ground states: Villain (1977)",
               also=("multi-funnel",), sizes=(16, 24)),
        Family("xorsat", "glass", lambda n, seed: parity_checks(n, order=3, checks=n, planted=True, seed=seed),
               "glassy below its dynamic transition: Ricci-Tersenghi, Science 330, 1639 (2010)", also=("golf course",)),
        Family("3-spin, both signs", "glass",
               lambda n, seed: parity_checks(n, order=3, checks=8 * n, planted=False, seed=seed),
               "one-step replica symmetry breaking: Gross, Mezard (1984)", also=("golf course",)),
        Family("4-spin glass", "glass", lambda n, seed: p_spin_glass(n, p=4, seed=seed), "Derrida (1981)"),
        Family("random energies, uniform", "glass", lambda n, seed: random_energies(n, draw="uniform", seed=seed),
               "no topography at all: Derrida (1981)"),
        Family("rem with slope 0.5", "glass", lambda n, seed: random_energies(n, draw="normal", slope=0.5, seed=seed),
               "the slope is lost in the roughness: Bryngelson, Wolynes (1987)"),
        Family("labs", "glass", _low_autocorrelation,
               "a golf course in a glass: Bernasconi (1987); Bouchaud, Mezard (1994)", also=("golf course",)),
        Family("ea 2d, both signs", "glass", lambda n, seed: edwards_anderson(PLANE[n], bonds="bimodal", seed=seed),
               "Edwards, Anderson (1975)", _SMALL_GLASS, 16),
        # Made after all limits were set, to be judged as found.
        Family("signed pairs", "funnel", lambda n, seed: signed_pairs(n, wrong=0.1, seed=seed),
               "ferromagnetic phase, J0 = 0.8 sqrt(n) J: Sherrington, Kirkpatrick (1975)"),
        Family("hidden magnet, degree 6", "funnel",
               lambda n, seed: hidden_magnet(n, regular_bonds(n, 6, np.random.default_rng([seed, 33])),
                                             weights="gaussian", seed=seed),
               "unfrustrated on a random regular graph: Mattis (1976)"),
        Family("slope with exponential noise", "funnel",
               lambda n, seed: random_energies(n, draw="exponential", slope=5.0, seed=seed),
               "the slope exceeds the roughness on every way to the target: Bryngelson, Wolynes (1987)",
               also=("smooth",)),
        Family("two cliques", "multi-funnel", lambda n, seed: two_cliques(n, bridge=0.05, seed=seed),
               "two magnets that hardly feel each other: parallel, and nearly as low, antiparallel"),
        Family("two rough wells, one higher", "multi-funnel",
               lambda n, seed: wells(n, count=2, roughness=0.2, lift=0.05, seed=seed),
               "two mirror images, one lower by a twentieth of their depth, and noise"),
        Family("hole in uniform noise", "golf course",
               lambda n, seed: hole(n, roughness=1.0, radius=0, draw="uniform", seed=seed),
               "random energies without slope, one state far below them: Bryngelson, Wolynes (1987)"),
        Family("weakly coupled spins", "smooth", lambda n, seed: weakly_coupled(n, coupling=0.2, seed=seed),
               "fields outweigh all interactions of a spin, so that there is one minimum"),
        Family("open chain in a field", "smooth", lambda n, seed: open_chain(n, field=1.0, seed=seed),
               "no transition in one dimension: Ising (1925)", also=("funnel",)),
        Family("concave well", "smooth", lambda n, seed: concave_well(n, seed=seed),
               "one minimum, by proof, to which every wrong bit leads", also=("funnel",)),
        Family("5-spin glass", "glass", lambda n, seed: p_spin_glass(n, p=5, seed=seed), "Derrida (1981)", largest=20),
        Family("signed pairs, fair", "glass", lambda n, seed: signed_pairs(n, wrong=0.5, seed=seed),
               "Sherrington, Kirkpatrick (1975), of both signs", _SMALL_GLASS, 16),
        Family("nk, 8 neighbours", "glass", lambda n, seed: neighbour_tables(n, neighbours=8, seed=seed),
               "rugged where a bit meets many others: Kauffman, Levin, J. Theor. Biol. 128, 11 (1987)",
               also=("golf course",)),
        Family("4-body checks, both signs", "glass",
               lambda n, seed: parity_checks(n, order=4, checks=8 * n, planted=False, seed=seed),
               "one-step replica symmetry breaking: Gross, Mezard (1984)", also=("golf course",)),
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
