"""How a measure grows or falls with size, with an interval, and what that says of the landscape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.verdict.thresholds import THRESHOLDS

__all__ = ["MODELS", "POWER", "Fit", "Groups", "Scaling", "fit_scaling", "judge_scaling"]

Floats = NDArray[np.float64]
Groups: TypeAlias = Sequence[tuple[int, ArrayLike]]
"""Sizes, each with the values of its samples; a size may occur several times (lattices of several shapes)."""
Model = Literal["mean = exp(a + b n)", "typical = exp(a + b n)", "typical = exp(a) n^b", "mean = a + b n"]
Kind = Literal["funnel", "glass", "golf course", "undecided"]

MODELS: Mapping[str, Model] = {
    "minima": "mean = exp(a + b n)",
    "funnels": "mean = exp(a + b n)",
    "funnel_minima": "mean = exp(a + b n)",
    "funnel_weight": "mean = exp(a + b n)",
    # Passage times of rare samples outweigh all others in a mean, so that the typical one is followed.
    "folding_time": "typical = exp(a + b n)",
    "folding_sweeps": "typical = exp(a + b n)",
    "slowest_relaxation": "typical = exp(a + b n)",
    # What theory says of a cooperative transition are powers of the size: 1, -1 and 1/2.
    "cooperativity": "typical = exp(a) n^b",
    "transition_width": "typical = exp(a) n^b",
    "gap_over_roughness": "typical = exp(a) n^b",
}
"""Measures that grow or fall exponentially, or as a power, where they do; all others are fitted by a line."""
LINE: Model = "mean = a + b n"
POWER: Model = "typical = exp(a) n^b"


@dataclass(frozen=True, slots=True)
class Fit:
    """A measure against the number of spins.

    Attributes
    ----------
    model : str
        "mean = exp(a + b n)", "typical = exp(a + b n)" or "typical = exp(a) n^b" (of the mean logarithm), or
        "mean = a + b n".
    rate : Estimate
        b, for each spin or as the exponent of a power, with its 95 % interval.
    start : float
        a.
    sizes : int
        Points that were fitted.
    misfit : float
        chi squared for each degree of freedom; 0 where two points leave none.
    support : float
        Akaike's criterion of a constant less that of the model: above 0 where the model explains more.
    """

    model: Model
    rate: Estimate
    start: float
    sizes: int
    misfit: float
    support: float

    def __call__(self, n: ArrayLike) -> Floats:
        """Value of the fitted curve at n spins."""
        size = np.asarray(n, np.float64)
        line = self.start + self.rate.value * (np.log(size) if self.model == POWER else size)
        return line if self.model == LINE else np.exp(line)

    @property
    def changes(self) -> bool:
        """Whether a constant is ruled out: the rate's interval excludes 0, and the model is preferred."""
        return not self.rate.low <= 0.0 <= self.rate.high and self.support >= THRESHOLDS["model_support"].value


@dataclass(frozen=True, slots=True)
class Scaling:
    """What the sizes say together.

    Attributes
    ----------
    kind : {"funnel", "glass", "golf course", "undecided"}
        funnel: the gap over the roughness grows with size and the transition narrows, or else the weight of the native
        funnel stays; glass: neither, and that weight falls exponentially; golf course: the energy gives no guidance (a
        plain around one hole drains into it, by chance).
    reason : str
        A sentence with the numbers that decided.
    fits : mapping of str to Fit or NoAnswer
        One for each measure.
    """

    kind: Kind
    reason: str
    fits: Mapping[str, Fit | NoAnswer]

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


def fit_scaling(groups: Groups, *, model: Model = LINE) -> Fit | NoAnswer:
    """Fit a measure against size by weighted least squares.

    Points are means over the samples of a size (for an exponential their logarithm, for a typical value the mean of
    logarithms), weighted by their squared standard errors. The interval of the rate is Student's, with the samples'
    degrees of freedom, times ``max(1, sqrt(chi^2 / (points - 2)))``: where the points scatter more than their errors
    allow, the curve is not quite the model, and the interval says so. A size at which all samples agree has the least
    relative spread of the others, for agreement of a few is no proof. Where nothing is random at all, the scatter
    about the curve is the error.

    Parameters
    ----------
    groups : sequence of (n, values)
        Finite values, at least one a size.
    model : str

    Returns
    -------
    Fit or NoAnswer
        ``one_size``; ``not_positive`` where an exponential meets 0 or less, whose logarithm does not exist;
        ``no_errors`` where two sizes of one value each leave nothing to tell an error from.

    Notes
    -----
    Birge, Phys. Rev. 40, 207 (1932) for the scale factor; its use as in the Review of Particle Physics.

    Examples
    --------
    >>> groups = [(n, [math.exp(0.2 * n), math.exp(0.2 * n) * 1.01]) for n in (8, 12, 16)]
    >>> fit = fit_scaling(groups, model="mean = exp(a + b n)")
    >>> round(fit.rate.value, 3), fit.changes
    (0.2, True)
    """
    data = [(n, np.asarray(values, np.float64)) for n, values in groups]
    sizes = np.array([n for n, _ in data], np.float64)
    if model == POWER:
        sizes = np.log(sizes)
    if len(set(sizes.tolist())) < 2:
        return NoAnswer("one_size", "one size tells nothing of the growth", "sweep over several")
    if model != LINE and any(not _logarithm_exists(values, model) for _, values in data):
        least = next(n for n, values in data if not _logarithm_exists(values, model))
        return NoAnswer(
            "not_positive", f"at {least} spins there is no logarithm to follow", "fit a line, or take more samples"
        )
    samples = [np.log(values) if model.startswith("typical") else values for _, values in data]
    points = np.array([values.mean() for values in samples])
    errors = _standard_errors(samples, points, relative=model.startswith("mean = exp"))
    if model.startswith("mean = exp"):
        points, errors = np.log(points), errors / points
    freedom = sum(len(values) - 1 for values in samples)
    known = bool(np.all(errors > 0.0))
    if not known and len(data) < 3:
        if np.ptp(points) > 0.0:
            return NoAnswer(
                "no_errors", "two sizes without spread have a rate but no interval", "sweep over a third size"
            )
        return Fit(model, Estimate.exactly(0.0), float(points[0]), len(data), 0.0, 0.0)
    return _fitted(sizes, points, errors if known else np.ones_like(points), model=model, freedom=freedom, known=known)


def _logarithm_exists(values: Floats, model: Model) -> bool:
    return bool(values.min() > 0.0) if model.startswith("typical") else bool(values.mean() > 0.0)


def _standard_errors(samples: Sequence[Floats], means: Floats, *, relative: bool) -> Floats:
    """Standard errors of the means; 0 everywhere where no size has any spread."""
    scale = means if relative else np.ones_like(means)
    spread = np.array([values.std(ddof=1) if len(values) > 1 else 0.0 for values in samples]) / scale
    spread[spread <= 1e-12] = 0.0  # Sums of equal numbers may differ in the last digit.
    if np.any(spread > 0.0):
        spread[spread == 0.0] = spread[spread > 0.0].min()
    count = np.array([len(values) for values in samples], np.float64)
    errors: Floats = spread * scale / np.sqrt(count)
    return errors


def _fitted(sizes: Floats, points: Floats, errors: Floats, *, model: Model, freedom: int, known: bool) -> Fit:
    from scipy.special import stdtrit

    weight = errors**-2
    middle = float(np.sum(weight * sizes) / weight.sum())
    level = float(np.sum(weight * points) / weight.sum())
    lever = float(np.sum(weight * (sizes - middle) ** 2))
    rate = float(np.sum(weight * (sizes - middle) * (points - level)) / lever)
    rest = float(np.sum(weight * (points - level - rate * (sizes - middle)) ** 2))
    constant = float(np.sum(weight * (points - level) ** 2))
    left = len(points) - 2
    misfit = rest / left if left else 0.0
    if known:
        scale, degrees = max(1.0, math.sqrt(misfit)), max(1, freedom)
        support = (constant - rest) / scale**2 - 2.0
    else:
        # Rounding of the last digit, so that an exact curve is not divided by 0.
        floor = len(points) * (4e-16 * float(np.abs(points).max())) ** 2 + 1e-300
        scale, degrees = math.sqrt(misfit), left
        support = len(points) * math.log((constant + floor) / (rest + floor)) - 2.0
        misfit = 1.0 if rest > floor else 0.0
    half = float(stdtrit(degrees, 0.975)) * scale / math.sqrt(lever)
    return Fit(model, Estimate(rate, rate - half, rate + half), level - rate * middle, len(points), misfit, support)


def judge_scaling(measures: Mapping[str, Groups], *, largest: Mapping[str, Measurement] | None = None) -> Scaling:
    """Fit every measure against size, and judge by what theory says of a folding transition.

    In the theory of folding a funnel's energies grow as n and its roughness as sqrt(n): the gap over the roughness
    grows as n^(1/2), and the transition narrows as 1/n. In a random landscape the gap over the roughness stays. So
    folding sharpens where the exponent of the one lies above the midpoint, 1/4, and that of the width below its own,
    -1/2. Cooperativity alone tells nothing: it grows in glasses as well. What does not sharpen is judged by the weight
    of the native funnel.

    Parameters
    ----------
    measures : mapping of str to Groups
    largest : mapping of str to Estimate or NoAnswer
        Means at the largest size; ``funnel_weight`` and ``funnel_slope`` are read.

    Source: Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); Li, Klimov, Thirumalai, Phys. Rev. Lett. 93,
    268107 (2004), for the exponents of widths.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> weights = [(n, math.exp(-0.1 * n) * rng.uniform(0.8, 1.2, 50)) for n in (12, 16, 20)]
    >>> judge_scaling({"funnel_weight": weights}).kind
    'glass'
    """
    fits = {name: fit_scaling(groups, model=MODELS.get(name, LINE)) for name, groups in measures.items()}
    sharper, said = _sharpens(fits)
    if sharper == "yes":
        kind, reason = _guided((largest or {}).get("funnel_slope", _MISSING), said, good=f"{said}: folding sharpens")
    else:
        kind, reason = _decided(fits.get("funnel_weight", _MISSING), largest or {})
        if sharper == "open" and said and kind == "glass":
            kind, said = "undecided", f"{said}; take more samples or sizes"
        reason = f"{reason}; {said}" if said else reason
    return Scaling(kind, reason, fits)


def _sharpens(fits: Mapping[str, Fit | NoAnswer]) -> tuple[Literal["yes", "no", "open"], str]:
    """Whether the folding transition sharpens with size, and a clause with the exponents; "" without them."""
    gap, width = (fits.get(name, _MISSING) for name in ("gap_over_roughness", "transition_width"))
    if isinstance(gap, NoAnswer) or isinstance(width, NoAnswer):
        return "open", ""
    exponents = f"b = {_bare(gap.rate)}, the width of folding with b = {_bare(width.rate)}"
    said = f"the gap over the roughness goes as n^b with {exponents}"
    if min(gap.sizes, width.sizes) < THRESHOLDS["fewest_sizes"].value:
        return "open", said
    steep, narrow = THRESHOLDS["gap_exponent"].value, THRESHOLDS["width_exponent"].value
    if gap.rate.low >= steep and width.rate.high <= narrow:
        return "yes", said
    if gap.rate.high < steep or width.rate.low > narrow:
        return "no", f"{said}: folding does not sharpen"
    return "open", f"{said}: whether folding sharpens is open"


_MISSING = NoAnswer("not_measured", "it was not measured", "measure funnel_weight and funnel_slope")


def _decided(fit: Fit | NoAnswer, largest: Mapping[str, Measurement]) -> tuple[Kind, str]:
    if isinstance(fit, NoAnswer):
        return "undecided", f"the weight of the native funnel has no rate: {fit.cause}; {fit.remedy}"
    weight = largest.get("funnel_weight", _MISSING)
    decay = Estimate(-fit.rate.value, -fit.rate.high, -fit.rate.low)
    level = f", and is {_percent(weight)} at the largest size" if isinstance(weight, Estimate) else ""
    said = f"the weight of the native funnel goes as exp(-c n) with c = {_bare(decay)}{level}"
    threshold = THRESHOLDS["weight_decay"].value
    if fit.sizes < THRESHOLDS["fewest_sizes"].value:
        return "undecided", f"{said}; sweep over at least {THRESHOLDS['fewest_sizes'].value:.0f} sizes"
    if decay.low >= threshold and fit.changes:
        return "glass", said
    if decay.high > threshold:
        limit = f"{threshold:g} a spin is the limit between funnel and glass"
        return "undecided", f"{said}; {limit}: take more samples or sizes"
    if not (isinstance(weight, Estimate) and weight.low >= THRESHOLDS["funnel_weight"].value):
        return "undecided", f"{said}, not clearly half of all states"
    kept = said.replace("goes as", f"{'hardly falls' if fit.changes else 'stays'}: it goes as")
    return _guided(largest.get("funnel_slope", _MISSING), said, good=kept)


def _guided(slope: Measurement, said: str, *, good: str) -> tuple[Kind, str]:
    """Tell a funnel from a plain that drains into its one hole."""
    flat = isinstance(slope, NoAnswer) and slope.outcome == "flat"
    if flat or (isinstance(slope, Estimate) and slope.high < THRESHOLDS["funnel_slope"].value):
        return "golf course", f"{said}, but the energy gives no guidance toward the native state"
    # Without roughness the energy is a function of the overlap, and most states could not drain up it.
    smooth = isinstance(slope, NoAnswer) and slope.outcome == "no_roughness"
    if isinstance(slope, NoAnswer) and not smooth:
        return "undecided", f"{said}, but whether the energy leads there is not known: {slope.cause}; {slope.remedy}"
    if isinstance(slope, Estimate) and slope.low < THRESHOLDS["funnel_slope"].value:
        return "undecided", f"{said}, but whether the energy leads there is not clear (slope {_bare(slope)})"
    return "funnel", good


def _bare(estimate: Estimate) -> str:
    def shown(number: float) -> str:
        return f"{0.0 if abs(number) < 5e-5 else number:.2g}"

    if estimate.exact:
        return shown(estimate.value)
    return f"{shown(estimate.value)} [{shown(estimate.low)}, {shown(estimate.high)}]"


def _percent(share: Estimate) -> str:
    if share.exact:
        return f"{100 * share.value:.0f} %"
    return f"{100 * share.value:.0f} % [{100 * share.low:.0f}, {100 * share.high:.0f}]"
