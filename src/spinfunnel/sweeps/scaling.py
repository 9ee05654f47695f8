"""How a measure grows or falls with size, with an interval, and what that says of the landscape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.verdict.thresholds import THRESHOLDS as VERDICT_THRESHOLDS
from spinfunnel.verdict.thresholds import Threshold

__all__ = ["MODELS", "THRESHOLDS", "Fit", "Groups", "Scaling", "fit_scaling", "judge_scaling"]

Floats = NDArray[np.float64]
Groups: TypeAlias = Sequence[tuple[int, ArrayLike]]
"""Sizes, each with the values of its samples; a size may occur several times (lattices of several shapes)."""
Model = Literal["mean = exp(a + b n)", "typical = exp(a + b n)", "mean = a + b n"]
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
}
"""Measures that grow or fall exponentially where they do; all others are fitted by a line."""
LINE: Model = "mean = a + b n"

THRESHOLDS: Mapping[str, Threshold] = {
    "decay": Threshold(
        0.025,
        "rate at which the weight of the native funnel is lost with each spin: half of it in 28 spins. With 60 to 200 "
        "samples a size, disordered ferromagnets of 9 to 25 spins lose 0.018 [0.015, 0.021], Sherrington-Kirkpatrick "
        "glasses of 8 to 28 spins 0.035 [0.031, 0.038], Edwards-Anderson glasses of 9 to 25 0.071 [0.062, 0.079], "
        "3-spin glasses of 12 to 20 spins 0.094 [0.08, 0.11], random energy models 0.62 [0.58, 0.65]",
    ),
    "funnel_weight": VERDICT_THRESHOLDS["funnel_weight"],
    "funnel_slope": VERDICT_THRESHOLDS["funnel_slope"],
    "support": Threshold(
        2.0,
        "difference of Akaike's criterion from which one model is preferred: Burnham, Anderson, Model Selection and "
        "Multimodel Inference (2002)",
    ),
    "sizes": Threshold(3.0, "two sizes determine a rate, but nothing then tells whether it is one"),
}
"""Every number at which the scaling verdict turns."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A measure against the number of spins.

    Attributes
    ----------
    model : str
        "mean = exp(a + b n)", "typical = exp(a + b n)" (of the mean logarithm) or "mean = a + b n".
    rate : Estimate
        b, for each spin, with its 95 % interval.
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
        line = self.start + self.rate.value * np.asarray(n, np.float64)
        return line if self.model == LINE else np.exp(line)

    @property
    def changes(self) -> bool:
        """Whether a constant is ruled out: the rate's interval excludes 0, and the model is preferred."""
        return not self.rate.low <= 0.0 <= self.rate.high and self.support >= THRESHOLDS["support"].value


@dataclass(frozen=True, slots=True)
class Scaling:
    """What the sizes say together.

    Attributes
    ----------
    kind : {"funnel", "glass", "golf course", "undecided"}
        funnel: the weight of the native funnel stays; glass: it falls exponentially; golf course: it stays, but the
        energy gives no guidance (a plain around one hole drains into it, by chance).
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
    """Fit every measure against size, and judge by the weight of the native funnel.

    Parameters
    ----------
    measures : mapping of str to Groups
    largest : mapping of str to Estimate or NoAnswer
        Means at the largest size; ``funnel_weight`` and ``funnel_slope`` are read.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> weights = [(n, math.exp(-0.1 * n) * rng.uniform(0.8, 1.2, 50)) for n in (12, 16, 20)]
    >>> judge_scaling({"funnel_weight": weights}).kind
    'glass'
    """
    fits = {name: fit_scaling(groups, model=MODELS.get(name, LINE)) for name, groups in measures.items()}
    kind, reason = _decided(fits.get("funnel_weight", _MISSING), largest or {})
    return Scaling(kind, reason, fits)


_MISSING = NoAnswer("not_measured", "it was not measured", "measure funnel_weight and funnel_slope")


def _decided(fit: Fit | NoAnswer, largest: Mapping[str, Measurement]) -> tuple[Kind, str]:
    if isinstance(fit, NoAnswer):
        return "undecided", f"the weight of the native funnel has no rate: {fit.cause}; {fit.remedy}"
    weight = largest.get("funnel_weight", _MISSING)
    decay = Estimate(-fit.rate.value, -fit.rate.high, -fit.rate.low)
    level = f", and is {_percent(weight)} at the largest size" if isinstance(weight, Estimate) else ""
    said = f"the weight of the native funnel goes as exp(-c n) with c = {_bare(decay)}{level}"
    threshold = THRESHOLDS["decay"].value
    if fit.sizes < THRESHOLDS["sizes"].value:
        return "undecided", f"{said}; sweep over at least {THRESHOLDS['sizes'].value:.0f} sizes"
    if decay.low >= threshold and fit.changes:
        return "glass", said
    if decay.high > threshold:
        limit = f"{threshold:g} a spin is the limit between funnel and glass"
        return "undecided", f"{said}; {limit}: take more samples or sizes"
    if not (isinstance(weight, Estimate) and weight.low >= THRESHOLDS["funnel_weight"].value):
        return "undecided", f"{said}, not clearly half of all states"
    return _guided(largest.get("funnel_slope", _MISSING), said, kept="hardly falls" if fit.changes else "stays")


def _guided(slope: Measurement, said: str, *, kept: str) -> tuple[Kind, str]:
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
    return "funnel", said.replace("goes as", f"{kept}: it goes as")


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
