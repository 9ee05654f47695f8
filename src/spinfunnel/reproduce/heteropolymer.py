"""The random heteropolymer of Bryngelson and Wolynes: free energy against nativeness, and its phases (definition 11).

Each of n residues is native or in one of nu other states; rho is the fraction that is native. Native pieces hold
energy alone (eps) and in contact with each other (L); what is not native has random energies of variance Deps^2 and
DL^2 in their stead. Per residue, with k_B = 1::

    e(rho)    = -(eps rho + L rho^2)
    De(rho)^2 = Deps^2 (1 - rho) + DL^2 (1 - rho^2)
    s(rho)    = -rho ln rho - (1 - rho) ln((1 - rho) / nu)

The states of one rho are a random energy model: their number exp(n s), their energies normal of mean n e and variance
n De^2. Summed at temperature T their weight is dominated by energies De^2 / T below the mean while so low energies
occur, and by the lowest that occurs, ``e - De sqrt(2 s)``, below the glass temperature of that rho::

    Tg(rho) = De / sqrt(2 s)
    f = e - De^2 / (2 T) - T s   (T >= Tg)        f = e - De sqrt(2 s)   (T < Tg)

Both branches meet at Tg with one value and one slope. The phase is read off where f is least: *folded* where more than
half is native there; else *glass* where T lies below Tg there, *unfolded* where above. At rho = 1 one state is
left, s = De = 0 and ``f = -(eps + L)``, whatever the temperature; below its glass temperature the rest does not
depend on temperature either, so that folded and glass are parted by a line of constant eps and L.

Limits: with eps = L = 0 and random energies that do not depend on rho this is Derrida's random energy model, frozen
below ``De / sqrt(2 ln(1 + nu))``. For large nu the rest stays at rho = 0 and the folding line is that of the
random-energy form, ``T = (dE + sqrt(dE^2 - 2 S0 DE^2)) / (2 S0)`` with dE = eps + L, DE^2 = Deps^2 + DL^2 and
S0 = ln(1 + nu), all for each residue (definition 8).

Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); Derrida, Phys. Rev. B 24, 2613 (1981).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer

__all__ = ["PHASES", "Heteropolymer", "folding_line", "form_folding_temperature", "glass_line"]

Floats = NDArray[np.float64]
Phase = Literal["unfolded", "glass", "folded"]
PHASES: tuple[Phase, ...] = ("unfolded", "glass", "folded")

# Denser toward both ends, where the entropy is steep.
RHO = 0.5 - 0.5 * np.cos(np.pi * np.linspace(0.0, 1.0, 4001))
HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Heteropolymer:
    """Energies and entropy of the model.

    Attributes
    ----------
    eps, L : float
        Energy of a native residue alone and in contact.
    eps_roughness, L_roughness : float
        Standard deviations Deps and DL of their random substitutes.
    nu : float
        States of a residue beside the native one: 1 for spins.

    Examples
    --------
    >>> spins = Heteropolymer(eps_roughness=1.0)
    >>> bool(np.isclose(spins.glass_temperature(0.0), np.inf)), round(float(spins.entropy(0.5)), 6)
    (True, 0.693147)
    """

    eps: float = 0.0
    L: float = 0.0
    eps_roughness: float = 0.0
    L_roughness: float = 0.0
    nu: float = 1.0

    def __post_init__(self) -> None:
        if not self.nu > 0.0:
            raise InputError(f"nu is {self.nu}: a residue has at least one state beside the native one, give above 0")

    def energy(self, rho: float | Floats) -> Floats:
        """Mean energy e of a residue."""
        return np.asarray(-(self.eps * rho + self.L * np.square(rho)), np.float64)

    def roughness(self, rho: float | Floats) -> Floats:
        """Standard deviation De of the energies."""
        return np.sqrt(self.eps_roughness**2 * (1.0 - rho) + self.L_roughness**2 * (1.0 - np.square(rho)))

    def entropy(self, rho: float | Floats) -> Floats:
        """Logarithm s of the number of states."""
        from scipy.special import xlogy

        other = 1.0 - np.asarray(rho, np.float64)
        return np.asarray(-xlogy(rho, rho) - xlogy(other, other / self.nu), np.float64)

    def glass_temperature(self, rho: float | Floats) -> Floats:
        """Temperature Tg(rho) below which the states of one rho are frozen; inf where there is one of them only."""
        entropy, roughness = self.entropy(rho), self.roughness(rho)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(entropy > 0.0, roughness / np.sqrt(2.0 * entropy), np.inf), np.float64)

    def free_energy(self, rho: float | Floats, *, temperature: float) -> Floats:
        """Free energy f of a residue.

        Examples
        --------
        >>> float(Heteropolymer(eps=1.0, L=2.0, L_roughness=1.0, nu=10.0).free_energy(1.0, temperature=0.7))
        -3.0
        """
        entropy, roughness = self.entropy(rho), self.roughness(rho)
        frozen = 2.0 * entropy * temperature**2 < np.square(roughness)
        warm = -np.square(roughness) / (2.0 * temperature) - temperature * entropy
        cold = -roughness * np.sqrt(2.0 * np.maximum(entropy, 0.0))
        return np.asarray(self.energy(rho) + np.where(frozen, cold, warm), np.float64)

    def least(self, temperature: float, *, native: bool) -> tuple[float, float]:
        """Nativeness and free energy where f is least, among more than half native or among the rest."""
        side = RHO[RHO > 0.5] if native else RHO[RHO <= 0.5]
        free = self.free_energy(side, temperature=temperature)
        place = int(np.argmin(free))
        return float(side[place]), float(free[place])

    def phase(self, temperature: float) -> Phase:
        """Phase at a temperature.

        Examples
        --------
        >>> chain = Heteropolymer(L=3.0, L_roughness=1.0, nu=10.0)
        >>> [chain.phase(temperature) for temperature in (0.5, 3.0)]
        ['folded', 'unfolded']
        """
        rho, rest = self.least(temperature, native=False)
        if self.least(temperature, native=True)[1] < rest:
            return "folded"
        return "glass" if temperature < self.glass_temperature(rho) else "unfolded"


def folding_line(make: Callable[[float], Heteropolymer], temperature: float, *, low: float, high: float) -> float:
    """Energy gap at which the folded and the unfolded or glassy state have one free energy: the first-order line.

    Parameters
    ----------
    make : callable
        Maps the gap to a model whose folded state is lowered by it.
    temperature : float
    low, high : float
        Between these.

    Returns
    -------
    float
        `low` where it is folded already there, nan where it is not folded at `high`.

    Examples
    --------
    With many states, the line of the random-energy form:

    >>> def make(gap):
    ...     return Heteropolymer(L=gap, L_roughness=1.0, nu=1e6)
    >>> gap = folding_line(make, 1.0, low=0.0, high=100.0)
    >>> print(form_folding_temperature(gap, 1.0, entropy=math.log(1e6 + 1.0)))
    1
    """

    def lead(gap: float) -> float:
        model = make(gap)
        return model.least(temperature, native=True)[1] - model.least(temperature, native=False)[1]

    if lead(low) <= 0.0:
        return low
    if lead(high) > 0.0:
        return math.nan
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if lead(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def glass_line(model: Heteropolymer) -> float:
    """Temperature at which what is not folded freezes: T = Tg at the rho where its free energy is least.

    Examples
    --------
    Random energies that are the same for all rho but the native state's:

    >>> chain = Heteropolymer(L_roughness=1.0, nu=1e6)
    >>> bool(np.isclose(glass_line(chain), 1.0 / math.sqrt(2.0 * math.log(1e6 + 1.0)), rtol=1e-6))
    True
    """
    low, high = 0.0, 1.0 + math.hypot(model.eps_roughness, model.L_roughness)
    while high < model.glass_temperature(model.least(high, native=False)[0]):
        high *= 2.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        frozen = middle < model.glass_temperature(model.least(middle, native=False)[0])
        low, high = (middle, high) if frozen else (low, middle)
    return 0.5 * (low + high)


def form_folding_temperature(gap: float, roughness: float, *, entropy: float) -> Measurement:
    """Folding temperature in the random-energy form, ``(dE + sqrt(dE^2 - 2 S0 DE^2)) / (2 S0)``.

    Examples
    --------
    >>> print(form_folding_temperature(1.0, 0.0, entropy=2.0))
    0.5
    """
    inside = gap * gap - 2.0 * entropy * roughness * roughness
    if inside < 0.0:
        return NoAnswer("no_folding_transition", "random energies reach deeper than the native one", "widen the gap")
    return Estimate.exactly((gap + math.sqrt(inside)) / (2.0 * entropy))
