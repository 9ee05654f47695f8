"""The phase diagram of Bryngelson and Wolynes, with landscapes on it whose every state is counted.

The landscapes are random energies with a slope g toward a target. In the words of the model (see `heteropolymer`):
rho the fraction of bits that agree with the target, eps = g, no contacts, nu = 1, and random energies of standard
deviation sqrt(n / 2) at every rho, the target's own included.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import Binary
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer, bootstrap
from spinfunnel.measure import measure_all
from spinfunnel.plot.palette import ACCENT, FUNNELS, INK, REST, tidy
from spinfunnel.plot.phase_diagram import TINTS, PhaseMap, phase_diagram
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, mean_comparison, paragraphs
from spinfunnel.reproduce.disorder import ensemble
from spinfunnel.reproduce.heteropolymer import (
    PHASES,
    Heteropolymer,
    folding_line,
    form_folding_temperature,
    glass_line,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bryngelson_wolynes", "freezing_on_slope", "shell_folding_temperature"]

Floats = NDArray[np.float64]

NU = 10.0
GAPS, TEMPERATURES = (0.0, 4.0), (0.02, 1.6)
CURVES = ((0.6, 1.3, "unfolded"), (1.2, 0.25, "glass"), (3.0, 0.6, "folded"))
"""Gap and temperature at which free energies are drawn, one in each phase."""
BITS, BITS_QUICK = 16, 12
SLOPES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0)
ROUGHNESS = math.sqrt(0.5)
ENOUGH = 0.9
"""Share of the samples for which the model must expect a folding temperature, for its mean to be given."""


def bryngelson_wolynes(order: Order) -> Redrawn:
    """Phases of the model, its limits, and landscapes with a slope by their exact folding and glass temperatures."""
    plane = _plane(points=60 if order.quick else 160, order=order)
    n = BITS_QUICK if order.quick else BITS
    count = order.count(60, quick=20)
    found = {}
    for place, slope in enumerate(SLOPES):
        share = (0.3 + 0.7 * place / len(SLOPES), 0.3 + 0.7 * (place + 1) / len(SLOPES))
        answers = ensemble(order, f"rem:n={n},slope={slope:g}", _temperatures, count=count, share=share)
        found[slope] = np.array(answers)
    data = _data(found, n=n)
    crossing = _crossing(found, seed=order.seed)
    rows = (*_limits(), *_measured(found, n=n), crossing)
    return Redrawn(rows, _NOTES, data, lambda figure: _draw(figure, plane, data, crossing.ours), size=(14.0, 4.6))


_NOTES = paragraphs("""
The diagram on the left is the model's own, with contacts only (eps = 0, Deps = 0), ten states beside the native one,
energies in units of the roughness DL: where the free energy f(rho) is least, and whether that place is frozen.

On the right, exact temperatures of random energies with a slope: Tf where the ground state holds half of the
Boltzmann weight, Tg where as many other states are occupied as the logarithm of their number; every state counted.

Tf of the model: the weight of each shell at distance d from the target by the formulas of the model at finite n.
A shell has n over d states, annealed above and frozen below its own glass temperature. The weight is compared with each
sample's own ground energy. It is given for slopes at which it exists in nine samples of ten, since a ground state that
does not lie below the frozen level of its shells has no folding transition in the model. Tg of the model: where the
shell that dominates freezes, for infinite n; the measured one is that of n bits, where freezing is gradual, so that
they are not expected to agree to the last digit.

At slope 0 the target is a state like any other, and the ground state is the lowest level of the band: a glass, with
Tf below Tg. The slope at which Tf / Tg passes 1 is where the ground state begins to stand out for these n bits; it
grows with n, since n neighbours of the target compete with it.
""")


def _chain(gap: float) -> Heteropolymer:
    return Heteropolymer(L=gap, L_roughness=1.0, nu=NU)


def _plane(*, points: int, order: Order) -> PhaseMap:
    gaps, temperatures = np.linspace(*GAPS, points), np.linspace(*TEMPERATURES, points)
    phase = np.empty((points, points), np.int64)
    for row, temperature in enumerate(temperatures.tolist()):
        phase[row] = [PHASES.index(_chain(gap).phase(temperature)) for gap in gaps.tolist()]
        order.progress("phases of the model", 0.3 * (row + 1) / points)
    fold = np.array([folding_line(_chain, t, low=0.0, high=2.0 * GAPS[1]) for t in temperatures.tolist()])
    glass = np.array([glass_line(_chain(gap)) for gap in gaps.tolist()])
    # Drawn up to where the glass ends.
    ends = [_chain(gap).phase(0.98 * t) == "glass" for gap, t in zip(gaps.tolist(), glass.tolist(), strict=True)]
    glass[~np.array(ends)] = np.nan
    form = np.array([_form(gap) for gap in gaps.tolist()])
    lines = {
        "folding: f equal": (fold, temperatures),
        "freezing: T = Tg": (gaps, glass),
        "random-energy form": (gaps, form),
    }
    return PhaseMap(gaps, temperatures, phase, PHASES, lines)


def _form(gap: float) -> float:
    answer = form_folding_temperature(gap, 1.0, entropy=math.log(1.0 + NU))
    return answer.value if isinstance(answer, Estimate) else math.nan


def _limits() -> list[Comparison]:
    """Where the model must reduce to what is known."""
    frozen = freezing_on_slope(0.0)
    many = 1e6
    gap = folding_line(lambda g: Heteropolymer(L=g, L_roughness=1.0, nu=many), 0.5, low=0.0, high=50.0)
    form = form_folding_temperature(gap, 1.0, entropy=math.log(1.0 + many))
    glass = glass_line(Heteropolymer(L_roughness=1.0, nu=many))
    cold = [folding_line(_chain, t, low=0.0, high=10.0) for t in (0.05, 0.2)]
    return [
        exact_comparison(
            "Tc of the random energy model", frozen, known=0.5 / math.sqrt(math.log(2.0)), origin="Derrida (1981)"
        ),
        Comparison("Tf of the model, nu = 1e6", form, 0.0, 0.5, 0.0, "random-energy form at the model's gap"),
        exact_comparison(
            "Tg of the model, nu = 1e6",
            glass,
            known=1.0 / math.sqrt(2.0 * math.log(1.0 + many)),
            origin="random-energy form",
        ),
        exact_comparison(
            "gap at T = 0.2 over gap at T = 0.05", cold[1] / cold[0], known=1.0, origin="glass: f independent of T"
        ),
    ]


# ---------------------------------------------------------------------------------------------
# Random energies with a slope


def _temperatures(landscape: Binary) -> tuple[float, float, float]:
    """Measured Tf and Tg, and the Tf that the model expects of this ground energy; nan where there is none."""
    graph = flood(landscape)
    answers = measure_all(graph, names=["tf_ground_state", "tg_ground_state"], landscape=landscape)
    slope = landscape.parameters["slope"]
    if not isinstance(slope, float):
        raise TypeError("a random energy model has a slope")
    expected = shell_folding_temperature(landscape.size, slope=slope, native_energy=float(graph.energy[0]))
    values = [answers["tf_ground_state"], answers["tg_ground_state"], expected]
    tf, tg, model = (math.nan if isinstance(one, NoAnswer) else one.value for one in values)
    return tf, tg, model


def shell_folding_temperature(n: int, *, slope: float, native_energy: float) -> Estimate | NoAnswer:
    """Folding temperature that the model expects: the native state as heavy as all shells around the target.

    ``-E_0 / T = ln sum over d of exp(-F_d / T)``; shell d has C(n, d) states of mean energy g d and variance n / 2, and
    ``F_d = g d - n / (4 T) - T S_d`` above its glass temperature, ``g d - sqrt(n S_d)`` below.

    Examples
    --------
    Without roughness worth speaking of, n spins in a field: ``(1 + exp(-g / T))^n = 2``:

    >>> found = shell_folding_temperature(16, slope=1e6, native_energy=0.0)
    >>> bool(np.isclose(found.value, 1e6 / -np.log(2 ** (1 / 16) - 1), rtol=1e-9))
    True
    """
    from scipy.special import gammaln, logsumexp

    shell = np.arange(1, n + 1)
    entropy = gammaln(n + 1) - gammaln(shell + 1) - gammaln(n - shell + 1)

    def lead(temperature: float) -> float:
        """Logarithm of the native weight over that of all others."""
        frozen = 4.0 * entropy * temperature**2 < n
        warm = n / (4.0 * temperature) + temperature * entropy
        free = slope * shell - np.where(frozen, np.sqrt(n * np.maximum(entropy, 0.0)), warm)
        return -native_energy / temperature - float(logsumexp(-free / temperature))

    hot = 10.0 * (slope * n + n)
    cold = hot / 2.0
    while cold > 1e-4 and lead(cold) <= 0.0:
        cold /= 1.1
    if lead(cold) <= 0.0:
        return NoAnswer("no_folding_transition", "the shells reach as deep as the native state", "raise the slope")
    hot = 1.1 * cold
    for _ in range(80):
        middle = 0.5 * (cold + hot)
        cold, hot = (middle, hot) if lead(middle) > 0.0 else (cold, middle)
    return Estimate.exactly(0.5 * (cold + hot))


def freezing_on_slope(slope: float) -> float:
    """Glass temperature for infinite n: where ``s(rho) = De^2 / (2 T^2)`` at the dominant rho = 1 / (1 + exp(-g / T)).

    Examples
    --------
    >>> round(freezing_on_slope(0.0), 6)  # 1 / (2 sqrt(ln 2)): the random energy model
    0.600561
    """
    spins = Heteropolymer(nu=1.0)
    low, high = 1e-6, 1.0 + 10.0 * slope
    for _ in range(100):
        middle = 0.5 * (low + high)
        rho = 1.0 / (1.0 + math.exp(-min(slope / middle, 700.0)))
        frozen = float(spins.entropy(rho)) < ROUGHNESS**2 / (2.0 * middle**2)
        low, high = (middle, high) if frozen else (low, middle)
    return 0.5 * (low + high)


def _measured(found: dict[float, Floats], *, n: int) -> list[Comparison]:
    rows = []
    for slope, values in found.items():
        title = f"n = {n}, slope {slope:g}"
        rows.append(mean_comparison(f"Tf, {title}", values[:, 0]))
        rows.append(
            mean_comparison(
                f"Tg, {title}", values[:, 1], origin=f"model, n to infinity: {freezing_on_slope(slope):.3f}"
            )
        )
        held = np.isfinite(values[:, 2])
        if held.mean() >= ENOUGH:
            ratio = values[held, 0] / values[held, 2]
            rows.append(
                mean_comparison(f"Tf over Tf of the model, {title}", ratio, known=1.0, origin="shells of n bits")
            )
    return rows


def _crossing(found: dict[float, Floats], *, seed: int) -> Comparison:
    """Slope at which the median Tf / Tg passes 1, with a bootstrap over samples."""
    slopes = np.array(list(found))
    ratio = np.array([values[:, 0] / values[:, 1] for values in found.values()])

    def crossing(chosen: Floats) -> float:
        middle = np.median(ratio[:, chosen.astype(np.int64)], axis=1)
        above = np.flatnonzero((middle[1:] >= 1.0) & (middle[:-1] < 1.0))
        if len(above) == 0:
            return float(slopes[-1] if middle[-1] < 1.0 else slopes[0])
        k = int(above[-1])
        return float(slopes[k] + (1.0 - middle[k]) * (slopes[k + 1] - slopes[k]) / (middle[k + 1] - middle[k]))

    title = "slope at which Tf = Tg"
    if ratio.shape[1] < 2:
        return Comparison(title, NoAnswer("too_few_samples", "1 sample has no spread", "give --samples 2 or more"))
    samples = np.arange(ratio.shape[1], dtype=np.float64)
    ours = bootstrap(samples, crossing, rng=np.random.default_rng(seed), resamples=1000)
    return Comparison(title, ours, (ours.high - ours.low) / 3.92, origin="from glass to funnel")


def _data(found: dict[float, Floats], *, n: int) -> dict[str, list[Any]]:
    data: dict[str, list[Any]] = {
        "n": [n] * len(found),
        "slope": list(found),
        "samples": [len(v) for v in found.values()],
    }
    for column, name in enumerate(("Tf", "Tg", "Tf of the model")):
        held = [values[np.isfinite(values[:, column]), column] for values in found.values()]
        enough = [len(one) >= ENOUGH * len(values) for one, values in zip(held, found.values(), strict=True)]
        data[name] = [float(one.mean()) if good else "" for one, good in zip(held, enough, strict=True)]
        data[f"{name} standard error"] = [
            float(one.std(ddof=1) / math.sqrt(len(one))) if good and len(one) > 1 else ""
            for one, good in zip(held, enough, strict=True)
        ]
    data["Tg of the model"] = [freezing_on_slope(slope) for slope in found]
    return data


# ---------------------------------------------------------------------------------------------
# Drawing


def _draw(figure: Figure, plane: PhaseMap, data: dict[str, list[Any]], crossing: Measurement) -> None:
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.1, 0.9, 1.1))
    phase_diagram(plane, left, styles=("-", "--", ":"))
    left.set(xlabel="energy gap, L / ΔL", ylabel="temperature, T / ΔL", title=f"the model, ν = {NU:g}")
    left.legend(frameon=False, fontsize=8, loc="upper left")
    for number, (gap, temperature, _name) in enumerate(CURVES):
        left.plot(gap, temperature, "o", ms=7, color=FUNNELS[number], mec="white")
    _curves(middle)
    _slopes(right, data)
    if isinstance(crossing, Estimate):
        _tint(right, data, crossing)


def _curves(axes: Axes) -> None:
    rho = 0.5 - 0.5 * np.cos(np.pi * np.linspace(0.0, 1.0, 1001))
    for number, (gap, temperature, name) in enumerate(CURVES):
        model = _chain(gap)
        free = model.free_energy(rho, temperature=temperature)
        free = free - free[0]
        frozen = temperature < model.glass_temperature(rho)
        label = f"{name}: L = {gap:g}, T = {temperature:g}"
        axes.plot(rho, np.where(frozen, np.nan, free), color=FUNNELS[number], lw=1.8, label=label)
        axes.plot(rho, np.where(frozen, free, np.nan), color=FUNNELS[number], lw=1.8, ls=(0, (2, 1)))
        best = int(np.argmin(free))
        axes.plot(rho[best], free[best], "o", color=FUNNELS[number], ms=6)
    axes.plot([], [], color=INK, lw=1.8, ls=(0, (2, 1)), label="dashed: frozen")
    axes.set(
        xlabel="native fraction ρ", ylabel="free energy per residue, f(ρ) - f(0)", title="free energy in each phase"
    )
    axes.legend(frameon=False, fontsize=8)
    axes.grid(alpha=0.25, lw=0.6)
    tidy(axes)


def _slopes(axes: Axes, data: dict[str, list[Any]]) -> None:
    slope, n = np.array(data["slope"]), data["n"][0]
    fine = np.linspace(0.0, slope[-1], 200)
    axes.plot(fine, [freezing_on_slope(g) for g in fine.tolist()], color=REST, lw=1.4, label="Tg of the model, n → ∞")
    lines = (
        ("Tf of the model", INK, "+", f"Tf of the model, {n} bits"),
        ("Tf", ACCENT, "o", "Tf measured"),
        ("Tg", FUNNELS[0], "s", "Tg measured"),
    )
    for name, colour, marker, label in lines:
        held = [k for k, value in enumerate(data[name]) if value != ""]
        error = [1.96 * (data[f"{name} standard error"][k] or 0.0) for k in held]
        if name == "Tf of the model":
            error = [0.0] * len(held)
        axes.errorbar(
            slope[held],
            [data[name][k] for k in held],
            yerr=error if any(error) else None,
            fmt=marker,
            ms=9 if marker == "+" else 5,
            capsize=2,
            color=colour,
            zorder=5 if marker == "+" else 3,
            label=label,
        )
    axes.set(xlabel="slope g toward the target", ylabel="temperature", title=f"random energies with a slope, {n} bits")
    axes.set(xlim=(slope[0] - 0.3, slope[-1] + 0.3), ylim=(0.0, None))
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    tidy(axes)


def _tint(axes: Axes, data: dict[str, list[Any]], crossing: Estimate) -> None:
    """Colour what the measured temperatures bound: glass up to the slope at which Tf passes Tg, folded beyond."""
    left, right = axes.get_xlim()
    top = axes.get_ylim()[1]
    slope = np.array(data["slope"])
    edge = np.maximum([value or 0.0 for value in data["Tf"]], [value or 0.0 for value in data["Tg"]])
    fine = np.linspace(left, right, 400)
    height = np.interp(fine, slope, edge)
    axes.fill_between(fine, height, top, color=TINTS[0], lw=0, zorder=0)
    for number, where in ((1, fine <= crossing.value), (2, fine >= crossing.value)):
        axes.fill_between(fine, 0.0, height, where=where, color=TINTS[number], lw=0, zorder=0)
    axes.axvspan(crossing.low, crossing.high, ymax=0.06, color=INK, alpha=0.25, lw=0)
    axes.axvline(crossing.value, ymax=0.06, color=INK, lw=1.2)
    axes.annotate("Tf = Tg, 95 %", (crossing.low, 0.08 * top), fontsize=8, color=INK)
    for name, x, y in (
        ("unfolded", 0.5 * (left + crossing.value), 0.62 * top),
        ("glass", 0.5 * (left + crossing.low), 0.06 * top),
        ("folded", 0.5 * (crossing.value + right), 0.35 * top),
    ):
        axes.annotate(name, (x, y), ha="center", va="center", fontsize=11, color=INK, alpha=0.8)
    axes.set_ylim(0.0, top)
