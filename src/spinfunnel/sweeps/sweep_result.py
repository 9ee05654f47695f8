"""What came of a sweep: jobs, means over the disorder at each size, and how they scale."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer, mean_estimate
from spinfunnel.measure.answers import data_frame
from spinfunnel.sweeps.job_list import Job
from spinfunnel.sweeps.jobs import read_measurement, write_measurement
from spinfunnel.sweeps.scaling import Fit, Scaling, judge_scaling

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JobResult", "Series", "Size", "Sweep", "gather"]

SHARES = frozenset(
    {"funnel_boltzmann", "funnel_minima", "funnel_weight", "rival_size", "rival_weight", "profile_area", "stem_share"}
)
"""Measures between 0 and 1, where their means are as well."""


@dataclass(frozen=True, slots=True, eq=False)
class JobResult:
    """One landscape of a sweep.

    Attributes
    ----------
    job : Job
    study : mapping
        What `Study.to_json` gives, without the evidence; empty where there is none.
    failure : NoAnswer or None
        Why there is none: ``refused``, ``no_memory``, ``worker_died``, ``no_workers`` or ``failed``.
    """

    job: Job
    study: Mapping[str, Any]
    failure: NoAnswer | None = None

    def __repr__(self) -> str:
        return f"<JobResult {self.job.spec}, seed {self.job.seed}{'' if self.failure is None else f': {self.failure}'}>"

    def value(self, name: str) -> Measurement:
        """One measure."""
        return read_measurement(self.study["measures"][name])


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """All samples of one system at one size.

    Attributes
    ----------
    n : int
        Number of spins.
    parameters : mapping of str to str
        What is swept, and its value here.
    spec : str
    samples : int
        Landscapes that were studied.
    seeds : tuple of int
        Their seeds, with which `spinfunnel judge` finds each of them again.
    means : mapping of str to Estimate or NoAnswer
        Mean of each measure over the samples that have it, with Student's 95 % interval.
    medians : mapping of str to Estimate or NoAnswer
        Median, with the interval that order statistics give: for measures with heavy tails.
    nulls : mapping of str to mapping
        For each null ensemble the mean over the samples of its mean.
    answered : mapping of str to int
        Samples in which a measure has a value.
    verdicts : mapping of str to int
        Samples of each kind of verdict.
    failures : tuple of (int, NoAnswer)
        Seeds of the samples without a study, and why.
    """

    n: int
    parameters: Mapping[str, str]
    spec: str
    samples: int
    seeds: tuple[int, ...]
    means: Mapping[str, Measurement]
    medians: Mapping[str, Measurement]
    nulls: Mapping[str, Mapping[str, Measurement]]
    answered: Mapping[str, int]
    verdicts: Mapping[str, int]
    failures: tuple[tuple[int, NoAnswer], ...]

    def __repr__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.verdicts.items()) or "no verdicts"
        return f"<Size {self.spec}: {self.samples} samples; {kinds}>"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One system over its sizes.

    Attributes
    ----------
    name : str
        The system, with those swept values that leave its size alone.
    sizes : tuple of Size
        By number of spins.
    scaling : Scaling
    """

    name: str
    sizes: tuple[Size, ...]
    scaling: Scaling

    def __repr__(self) -> str:
        return f"<Series {self.name} at n = {', '.join(str(size.n) for size in self.sizes)}: {self.scaling}>"


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What came of a sweep.

    Attributes
    ----------
    series : tuple of Series
    jobs : tuple of JobResult
        Every job, in the order of the plan.
    seed : int
    seconds : float
        Of wall time; 0 for what an atlas held already.
    """

    series: tuple[Series, ...]
    jobs: tuple[JobResult, ...]
    seed: int
    seconds: float

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        landscapes = len(self.jobs)
        return f"<Sweep: {landscapes} landscape{'' if landscapes == 1 else 's'}>\n{self.summary()}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(one.name)}</th><td>{html.escape(', '.join(str(size.n) for size in one.sizes))}</td>"
            f"<td>{html.escape(str(one.scaling))}</td></tr>"
            for one in self.series
        )
        head = "<tr><th>system</th><th>sizes</th><th>how it scales</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"

    def summary(self) -> str:
        """Return a line for each system: how its funnel scales, and why."""
        return "\n".join(f"{one.name}: {one.scaling}" for one in self.series)

    def to_dataframe(self) -> pd.DataFrame:
        """Return the means as a pandas table: a row for each system, size and measure.

        Columns are system, n, samples, measure, value, low, high and outcome; the interval is that of the mean.

        Raises
        ------
        InputError
            Where pandas is not installed.
        """
        tables = [
            data_frame(size.means, {}).reset_index().assign(system=one.name, n=size.n, samples=size.samples)
            for one in self.series
            for size in one.sizes
        ]
        import pandas as pd

        first = ["system", "n", "samples", "measure"]
        whole = pd.concat(tables, ignore_index=True)
        return whole[[*first, *(name for name in whole.columns if name not in first)]]

    def plot(self, measure: str = "profile_area", ax: Any = None) -> Any:
        """Draw a measure against size with its fits, one colour a system; takes and returns Matplotlib axes.

        Raises
        ------
        InputError
            Where no system has an answer for the measure at any size.
        """
        from spinfunnel.plot import scaling

        return scaling(self.curves(measure), ax, measure=measure, fits=self.fits(measure))

    def curves(self, measure: str) -> dict[str, list[tuple[int, Estimate]]]:
        """Means of a measure against size, for each series: what `spinfunnel.plot.scaling_picture` draws."""
        return {
            one.name: [(size.n, mean) for size in one.sizes if isinstance(mean := size.means.get(measure), Estimate)]
            for one in self.series
        }

    def fits(self, measure: str) -> dict[str, Fit]:
        """Fitted curves of a measure, for each series that has one."""
        found = {one.name: one.scaling.fits.get(measure) for one in self.series}
        return {name: fit for name, fit in found.items() if isinstance(fit, Fit)}

    def to_json(self) -> dict[str, Any]:
        """Return what ``spinfunnel sweep --json`` prints: strictly valid JSON.

        All but ``run.seconds`` is the same for the same seed, on any number of workers of any kind.
        """
        objects = [_series_json(one, seed=self.seed) for one in self.series]
        answer = objects[0] if len(objects) == 1 else {"sweeps": objects}
        failed = sum(job.failure is not None for job in self.jobs)
        return answer | {"run": {"jobs": len(self.jobs), "failed": failed, "seed": self.seed, "seconds": self.seconds}}


def gather(results: Sequence[JobResult], *, seed: int, seconds: float) -> Sweep:
    """Put the results of jobs together, in the order of the plan."""
    series: dict[str, dict[tuple[tuple[str, str], ...], list[JobResult]]] = {}
    for result in results:
        series.setdefault(result.job.series, {}).setdefault(result.job.point, []).append(result)
    return Sweep(
        tuple(_one_series(name, list(points.values())) for name, points in series.items()),
        tuple(results),
        seed,
        seconds,
    )


def _one_series(name: str, points: Sequence[Sequence[JobResult]]) -> Series:
    sizes = sorted(((_one_size(group), group) for group in points), key=lambda pair: pair[0].n)
    groups: dict[str, list[tuple[int, list[float]]]] = {}
    for size, group in sizes:
        for measure, mean in size.means.items():
            if isinstance(mean, Estimate):
                groups.setdefault(measure, []).append((size.n, _values(group, measure)))
    scaling = judge_scaling(groups, largest=sizes[-1][0].means)
    return Series(name, tuple(size for size, _ in sizes), scaling)


def _one_size(group: Sequence[JobResult]) -> Size:
    first = group[0].job
    studied = [result for result in group if result.failure is None]
    names = list(studied[0].study["measures"]) if studied else []
    rows = {name: [result.value(name) for result in studied] for name in names}
    lone = len(group) == 1
    return Size(
        n=first.n,
        parameters=dict(first.point),
        spec=first.spec,
        samples=len(studied),
        seeds=tuple(result.job.seed for result in studied),
        means={name: _mean(row, share=name in SHARES, lone=lone) for name, row in rows.items()},
        medians={name: _median(row, lone=lone) for name, row in rows.items()},
        nulls=_nulls(studied, names, lone=lone),
        answered={name: sum(isinstance(item, Estimate) for item in row) for name, row in rows.items()},
        verdicts=dict(Counter(result.study["verdict"]["kind"] for result in studied).most_common()),
        failures=tuple((result.job.seed, result.failure) for result in group if result.failure is not None),
    )


def _values(group: Sequence[JobResult], name: str) -> list[float]:
    found = [result.value(name) for result in group if result.failure is None]
    return [item.value for item in found if isinstance(item, Estimate)]


def _unanswered(row: Sequence[Measurement], *, lone: bool) -> NoAnswer | None:
    """Why a row has no mean: the commonest reason where most have none, or that one value has no spread."""
    missing = [item for item in row if isinstance(item, NoAnswer)]
    if 2 * len(missing) > len(row):
        name = Counter(item.outcome for item in missing).most_common(1)[0][0]
        return next(item for item in missing if item.outcome == name)
    if len(row) - len(missing) < 2 and not lone:
        return NoAnswer("one_sample", "a single sample has an answer, which has no spread", "take more samples")
    return None


def _mean(row: Sequence[Measurement], *, share: bool, lone: bool) -> Measurement:
    refusal = _unanswered(row, lone=lone)
    if refusal is not None:
        return refusal
    if lone:  # nothing is random: the landscape is its own mean
        return row[0]
    values = np.array([item.value for item in row if isinstance(item, Estimate)])
    mean = mean_estimate(values)
    if share:
        return Estimate(mean.value, min(mean.value, max(0.0, mean.low)), max(mean.value, min(1.0, mean.high)))
    return mean


def _median(row: Sequence[Measurement], *, lone: bool) -> Measurement:
    """Median with its exact 95 % interval: the order statistics between which it lies whatever the distribution."""
    refusal = _unanswered(row, lone=lone)
    if refusal is not None:
        return refusal
    if lone:
        return row[0]
    values = np.sort([item.value for item in row if isinstance(item, Estimate)])
    count, below, tail = len(values), -1, 0.0
    while below + 1 < count // 2:
        tail += math.comb(count, below + 1) * 0.5**count
        if tail > 0.025:
            break
        below += 1
    if below < 0:
        return NoAnswer("few_samples", f"{count} samples do not bound a median", "take at least 6")
    return Estimate(float(np.median(values)), float(values[below]), float(values[count - 1 - below]))


def _nulls(studied: Sequence[JobResult], names: Sequence[str], *, lone: bool) -> dict[str, dict[str, Measurement]]:
    found: dict[str, dict[str, list[Measurement]]] = {}
    for result in studied:
        for name in names:
            for null, plain in result.study["measures"][name].get("null", {}).items():
                found.setdefault(null, {}).setdefault(name, []).append(read_measurement(plain))
    return {
        null: {name: _mean(row, share=name in SHARES, lone=lone) for name, row in rows.items()}
        for null, rows in found.items()
    }


def _series_json(series: Series, *, seed: int) -> dict[str, Any]:
    return {
        "system": series.name,
        "seed": seed,
        "sizes": [_size_json(size) for size in series.sizes],
        "scaling": {
            "kind": series.scaling.kind,
            "reason": series.scaling.reason,
            "fits": {name: _fit_json(fit) for name, fit in series.scaling.fits.items()},
        },
    }


def _size_json(size: Size) -> dict[str, Any]:
    measures: dict[str, Any] = {}
    for name, mean in size.means.items():
        row = write_measurement(mean)
        row["answered"] = size.answered[name]
        row["median"] = write_measurement(size.medians[name])
        beside = {null: write_measurement(means[name]) for null, means in size.nulls.items() if name in means}
        measures[name] = row | ({"null": beside} if beside else {})
    return {
        "n": size.n,
        "samples": size.samples,
        "parameters": dict(size.parameters),
        "landscape": size.spec,
        "seeds": list(size.seeds),
        "measures": measures,
        "verdicts": dict(size.verdicts),
        "failures": [
            {"seed": seed, "outcome": why.outcome, "reason": f"{why.cause}; {why.remedy}"}
            for seed, why in size.failures
        ],
    }


def _fit_json(fit: Fit | NoAnswer) -> dict[str, Any]:
    if isinstance(fit, NoAnswer):
        return write_measurement(fit)
    return {
        "model": fit.model,
        "rate": write_measurement(fit.rate),
        "start": fit.start,
        "misfit": fit.misfit,
        "support": fit.support,
        "constant": not fit.changes,
        "outcome": "ok",
    }
