"""What is native: the ensemble of states around the lowest one, and the temperature at which it forms.

A protein's native state has vibrations, a magnet's has flipped spins. Of landscapes of bits and of lattice chains,
native are the states whose overlap Q with the chief native minimum is larger than a border (|Q| where there is a global
flip, which the overlap with the nearest image is). The border is the top of the barrier of the free energy F(Q)
between the unfolded and the native basin at the temperature Tf at which both hold half of the weight; 1/2 where there
is no barrier. Tf depends on the border and the border on Tf: from 1/2 on, one is found from the other until the border
stays. Other states at exactly the ground energy that are dissimilar are rivals, and not native.

What compares energies alone, at no temperature, compares the native state with what is *dissimilar* from it: of overlap
1/2 at most (a quarter of the spins differ), barrier or not.

Of landscapes without an overlap - graphs of states, and fewer than six bits - native are the plain states of the native
minima, as `ground_state_ensemble` takes them of all.

Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem. 48, 545 (1997); Socci, Onuchic, Wolynes, J. Chem. Phys. 104,
5860 (1996), for the barrier of F(Q) as what parts the folded from the unfolded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Kind, key_states
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.densities import Spectrum, above_ground, all_states, crossing, enough, ground_states, within
from spinfunnel.measure.free_energy import HALF, SAME, FreeEnergy, barrier_between, free_energy
from spinfunnel.measure.outcome import Topography

__all__ = [
    "NativeEnsemble",
    "dissimilar_states",
    "folding_of",
    "ground_state_ensemble",
    "native_ensemble",
    "transition_temperature",
]

Floats = NDArray[np.float64]

TURNS = 12
"""Times that the border and the folding temperature are found from each other; two or three as a rule."""
COLD = 60.0
"""The search for a temperature ends where the least gap is so many times the temperature, and the entropy more."""


@dataclass(frozen=True, slots=True, eq=False)
class NativeEnsemble:
    """The native states and all others, and the temperature at which each hold half of the weight.

    Attributes
    ----------
    native, others : Spectrum
    border : float or None
        Overlap above which states are native; None where there is no overlap.
    shells : FreeEnergy or None
        The states of each overlap.
    by_barrier : bool
        Whether the border is the top of a barrier.
    tf : Estimate or NoAnswer
        In the unit of the energy; its interval is a bound on the error that bins make.
    """

    native: Spectrum
    others: Spectrum
    border: float | None
    shells: FreeEnergy | None
    by_barrier: bool
    tf: Measurement

    @property
    def ground(self) -> float:
        """Lowest native energy."""
        return self.native.ground

    def lead(self, temperature: Floats) -> Floats:
        """``ln Z_native - ln Z_others`` at each temperature."""
        above = self.ground
        return self.native.log_weight(temperature, above=above) - self.others.log_weight(temperature, above=above)

    def gap(self, temperature: float) -> float:
        """Mean energy of the others above that of the native states at a temperature; inf counts all states alike."""
        return float(self.others.at(temperature).energy[0] - self.native.at(temperature).energy[0])


def native_ensemble(topography: Topography) -> NativeEnsemble | NoAnswer:
    """Find the native ensemble of an exact map."""
    graph = topography.graph
    shells = free_energy(graph)
    if isinstance(shells, NoAnswer):
        # An overlap that a map of many bits lacks is no reason to call its ground states the native ensemble.
        if graph.kind is Kind.GRAPH or (graph.kind is Kind.BINARY and len(graph.key[0]) < FEWEST_BITS):
            return topography.shared(ground_state_ensemble)
        missing = topography.shared(all_states)
        return missing if isinstance(missing, NoAnswer) else shells
    if len(shells.overlap) < 2:
        return NoAnswer("too_few_shells", "all states have one overlap with the native one", "use a larger system")
    return _found(topography, shells)


FEWEST_BITS = 6
"""Bits below which no overlap is counted."""


def ground_state_ensemble(topography: Topography) -> NativeEnsemble | NoAnswer:
    """Take the plain states of the native minima, those within the native tolerance, for all that is native."""
    others = topography.shared(above_ground)
    if isinstance(others, NoAnswer):
        return others
    natives = topography.shared(ground_states)
    return NativeEnsemble(natives, others, None, None, False, transition_temperature(natives, others))


def _found(topography: Topography, shells: FreeEnergy) -> NativeEnsemble | NoAnswer:
    """Border and folding temperature, each from the other."""
    border, by_barrier, seen = HALF, False, set[float]()
    for _ in range(TURNS):
        parted = _parted(topography, shells, border)
        if isinstance(parted, NoAnswer):
            return parted
        native, others = parted
        tf = transition_temperature(native, others)
        if isinstance(tf, NoAnswer) or border in seen:
            break
        seen.add(border)
        profile = -tf.value * shells.log_z(np.array([tf.value]), above=native.ground)[0]
        low, top, high = barrier_between(profile, shells.overlap <= border + SAME)
        by_barrier = top not in (low, high)
        found = float(shells.overlap[top]) if by_barrier else HALF
        if abs(found - border) < SAME:
            break
        border = found
    return NativeEnsemble(native, others, border, shells, by_barrier, tf)


def _parted(topography: Topography, shells: FreeEnergy, border: float) -> tuple[Spectrum, Spectrum] | NoAnswer:
    """Native states and others; states of native minima within the tolerance are native wherever they are."""
    parts = list(zip((shells.overlap > border + SAME).tolist(), shells.spectra, strict=True))
    native = Spectrum.joined([spectrum for inside, spectrum in parts if inside])
    beyond = [spectrum for inside, spectrum in parts if not inside]
    if not beyond:
        return NoAnswer("all_native", "no state is dissimilar from the native one", "use a larger system")
    others = Spectrum.joined(beyond)
    energies, numbers = _tolerated(topography, border)
    if len(energies):
        native = Spectrum.joined([native, Spectrum.levels(energies, numbers)])
        others = others.without(energies, numbers)
    states = native.states + others.states
    kept = enough(others, of=states)
    return kept if isinstance(kept, NoAnswer) else (native, kept)


def _tolerated(topography: Topography, border: float) -> tuple[Floats, Floats]:
    """Energies and numbers of the plain states of minima that a native tolerance above 0 counts, beyond the border."""
    graph = topography.graph
    if not graph.native_tolerance > 0.0 or graph.kind is not Kind.BINARY:
        return np.zeros(0), np.zeros(0)
    spins = 2.0 * key_states(graph.key[graph.native]) - 1.0
    chief = 2.0 * key_states(graph.key[graph.chief : graph.chief + 1])[0] - 1.0
    overlap = spins @ chief / len(chief)
    if "global flip" in graph.symmetry:
        overlap = np.abs(overlap)
    away = np.flatnonzero(graph.native)[overlap <= border + SAME]
    level, place = np.unique(graph.energy[away], return_inverse=True)
    return level, np.bincount(place, weights=(graph.plateau * graph.orbit)[away], minlength=len(level)).astype(float)


def transition_temperature(native: Spectrum, others: Spectrum, *, share: float = 0.5) -> Measurement:
    """Highest temperature at which native states hold a share of the Boltzmann weight, ``Z_native / Z = share``.

    Parameters
    ----------
    native, others : Spectrum
    share : float
        Between 0 and 1.

    Examples
    --------
    One state below a million others folds at ``1 / ln 10^6``:

    >>> one, million = Spectrum.levels(np.zeros(1), np.ones(1)), Spectrum.levels(np.ones(1), np.array([1e6]))
    >>> print(transition_temperature(one, million))
    0.07238
    """
    odds = math.log(share / (1.0 - share))
    if native.log_states - others.log_states >= odds:
        return NoAnswer(
            "mostly_native",
            f"{native.states:.0f} states are native and {others.states:.0f} are not: the native ones hold "
            f"{100 * share:.0f} % of the weight at every temperature",
            "lower the native tolerance, if it is above 0, or use a larger system",
        )
    ground = native.ground
    scale = float(others.at(math.inf).energy[0]) - ground
    rise = others.ground - ground
    if not scale > 0.0:
        return NoAnswer("flat", "every state has the ground energy", "nothing to do: there is no landscape")
    if (
        rise <= 0.0
        and native.log_weight(1e-9 * scale, above=ground)[0] - others.log_weight(1e-9 * scale, above=ground)[0] <= odds
    ):
        return NoAnswer(
            "rivals_as_low",
            "states that are dissimilar from the native one have its energy, and hold as much weight in the cold",
            "read tf_ground_state, or set a native tolerance that counts them as native",
        )
    gap = max(rise, 1e-9 * scale)
    cold = min(gap, scale) / (COLD + others.log_states)

    def lead(temperature: Floats) -> Floats:
        beyond = others.log_weight(temperature, above=ground)
        return native.log_weight(temperature, above=ground) - beyond - odds

    tf = crossing(lead, hot=scale, cold=cold)
    if tf is None:
        return NoAnswer(
            "no_folding",
            f"the native states hold less than {100 * share:.0f} % of the weight at every temperature searched",
            "read tf_ground_state",
        )
    fall = abs(float(others.at(tf).energy[0] - native.at(tf).energy[0])) / tf**2
    error = others.log_error(tf) + native.log_error(tf)
    return within(tf, error / fall if fall > 0.0 else math.inf)


def dissimilar_states(topography: Topography) -> tuple[float, Spectrum] | NoAnswer:
    """Ground energy, and the states that are dissimilar from the native one: of overlap 1/2 at most.

    The same on every map that knows overlaps, whatever barrier parts its basins at Tf: sampled maps know no barrier.
    Where there is no overlap they are all but the ground states.
    """
    shells = free_energy(topography.graph)
    if isinstance(shells, NoAnswer):
        found = topography.shared(native_ensemble)
        return found if isinstance(found, NoAnswer) else (found.ground, found.others)
    parted = _parted(topography, shells, HALF)
    return parted if isinstance(parted, NoAnswer) else (parted[0].ground, parted[1])


def folding_of(topography: Topography) -> tuple[NativeEnsemble, Estimate] | NoAnswer:
    """Native ensemble with its folding temperature, or why there is none."""
    found = topography.shared(native_ensemble)
    if isinstance(found, NoAnswer):
        return found
    return found.tf if isinstance(found.tf, NoAnswer) else (found, found.tf)
