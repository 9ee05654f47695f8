"""dimod's models and samplers: `FunnelSampler` in the place of any other, and models as landscapes.

>>> import dimod
>>> model = dimod.BinaryQuadraticModel({"a": 1.0}, {("a", "b"): -2.0}, 0.5, "BINARY")
>>> FunnelSampler().sample(model, num_reads=4, seed=1).first.energy.item()
-0.5
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dimod
import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.ladder import temperature_range
from spinfunnel.explore.sample.other_samples import bits_of
from spinfunnel.explore.sample.replica_exchange import Tempering
from spinfunnel.explore.sample.replica_lanes import REPLICAS
from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import Binary, InputError
from spinfunnel.pipeline.plan import threads
from spinfunnel.pipeline.result import Study
from spinfunnel.pipeline.study import study
from spinfunnel.systems.from_memory import object_landscape
from spinfunnel.systems.spins.from_object import spins_from
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["FunnelSampler", "landscape_of", "states_of", "study_samples"]

METHODS = ("annealing", "tempering")


def landscape_of(model: Any, *, name: str = "dimod") -> SpinPolynomial:
    """Landscape of a binary quadratic model or a binary polynomial, over spins or over variables 0 and 1.

    Parameters
    ----------
    model : dimod.BinaryQuadraticModel, dimod.BinaryPolynomial or dimod.ConstrainedQuadraticModel
        With at least one variable; its labels are kept. Constraints become penalties.
    name : str

    Raises
    ------
    InputError
        For anything else, or a model without variables.

    Examples
    --------
    >>> import dimod
    >>> landscape_of(dimod.BQM({"x": 1.0}, {("x", "y"): -3.0}, 0.0, "BINARY")).energy(np.array([[1, 1], [0, 0]]))
    array([-2.,  0.])
    """
    made = spins_from(model, name=name) if hasattr(model, "variables") else None
    if made is None:
        raise InputError(f"{type(model).__name__} is no model of dimod; give a BinaryQuadraticModel or a polynomial")
    return made


def states_of(sampleset: dimod.SampleSet, landscape: Binary) -> NDArray[np.uint8]:
    """Samples of any solver as states of a landscape, one row each, repeated as often as it occurred.

    Parameters
    ----------
    sampleset : dimod.SampleSet
        Over spins or over variables 0 and 1, labelled as the landscape is (0, 1, ... where it has no labels).
    landscape : Binary

    Raises
    ------
    InputError
        When the variables are not those of the landscape.

    Examples
    --------
    >>> import dimod
    >>> landscape = landscape_of(dimod.BQM({}, {("x", "y"): -1.0}, 0.0, "SPIN"))
    >>> states_of(dimod.SampleSet.from_samples([{"y": 1, "x": -1}], "SPIN", [1.0]), landscape)
    array([[0, 1]], dtype=uint8)
    """
    record = sampleset.record
    return bits_of(record.sample, record.num_occurrences, list(sampleset.variables), landscape)


def study_samples(sampleset: dimod.SampleSet, model: Any, **keywords: Any) -> Study:
    """Judge the landscape of a model from samples of any solver.

    Parameters
    ----------
    sampleset : dimod.SampleSet
        As D-Wave's samplers, OpenJij or any other return it.
    model : dimod.BinaryQuadraticModel, dimod.BinaryPolynomial or Binary
    **keywords
        Of `study`: seed, workers, budget, atlas, nulls, ...

    Returns
    -------
    Study
        Of the explorer ``samples``: descents from the samples beside those from random states, floods around them.

    Raises
    ------
    InputError
        When the variables are not those of the model.

    Examples
    --------
    >>> import dimod
    >>> ring = dimod.BQM.from_ising({}, {(i, (i + 1) % 9): 1.0 for i in range(9)})
    >>> reads = FunnelSampler().sample(ring, num_reads=8, seed=3)
    >>> found = study_samples(reads, ring, nulls=False)
    >>> found.run.explorer, float(found.graph.energy[0])
    ('samples', -7.0)
    """
    landscape: Binary = object_landscape(model)
    states = states_of(sampleset, landscape)
    with TemporaryDirectory() as folder:
        file = Path(folder, "samples.npy")
        np.save(file, states)
        return study(landscape, explorer=f"samples:file={file}", **keywords)


class FunnelSampler(dimod.Sampler, dimod.PolySampler):
    """A dimod sampler that anneals or tempers sixty-four replicas at a time.

    ``sample(model, num_reads=1, num_sweeps=1000, method="annealing", temperatures=None, seed=None, workers=None)``, and
    ``sample_poly`` with the same for polynomials of any order. With `annealing` every read is the best of an equal
    share of replicas, each cooled in `num_sweeps` sweeps from a temperature where everything moves to one where nothing
    does, and then brought to the bottom of its basin. With `tempering` the reads are states of the coldest of the
    temperatures at equal intervals, the first of them the lowest state that was seen. `temperatures` are (hottest,
    coldest) of the annealing, or those of the tempering, in the unit of the energy; both find their own unless given.
    The same seed gives the same samples, on any number of workers.

    Examples
    --------
    >>> import dimod
    >>> ring = dimod.BQM.from_ising({}, {(i, (i + 1) % 9): 1.0 for i in range(9)})
    >>> FunnelSampler().sample(ring, num_reads=10, seed=3).first.energy.item()
    -7.0
    """

    def __init__(self) -> None:
        self._parameters: Mapping[str, list[str]] = {
            name: [] for name in ("num_reads", "num_sweeps", "method", "temperatures", "seed", "workers")
        }

    @property
    def parameters(self) -> Mapping[str, list[str]]:
        """Keywords that `sample` takes."""
        return self._parameters

    @property
    def properties(self) -> Mapping[str, Any]:
        """Methods, and the number of replicas that are worked on at a time."""
        return {"methods": list(METHODS), "replicas": REPLICAS}

    def sample(self, bqm: Any, **keywords: Any) -> dimod.SampleSet:
        """Sample a binary quadratic model."""
        if isinstance(getattr(bqm, "vartype", None), dimod.Vartype) and not len(bqm.variables):
            return dimod.SampleSet.from_samples_bqm({}, bqm)
        if not isinstance(bqm, dimod.BinaryQuadraticModel | dimod.BinaryPolynomial):
            raise InputError(
                f"sample takes a BinaryQuadraticModel, not a {type(bqm).__name__}; for constraints, give the model of "
                "dimod.cqm_to_bqm"
            )
        spins, info = self._drawn(landscape_of(bqm), **self.remove_unknown_kwargs(**keywords))
        samples = spins if bqm.vartype is dimod.SPIN else (spins + 1) // 2
        return dimod.SampleSet.from_samples_bqm((samples, list(bqm.variables)), bqm, info=info)

    def sample_poly(self, poly: Any, **keywords: Any) -> dimod.SampleSet:
        """Sample a binary polynomial of any order."""
        variables = list(poly.variables)
        if not variables:
            return dimod.SampleSet.from_samples({}, energy=float(poly.get((), 0.0)), vartype=poly.vartype)
        spins, info = self._drawn(landscape_of(poly), **self.remove_unknown_kwargs(**keywords))
        samples = spins if poly.vartype is dimod.SPIN else (spins + 1) // 2
        energies = poly.energies((samples, variables))
        return dimod.SampleSet.from_samples((samples, variables), energy=energies, vartype=poly.vartype, info=info)

    def _drawn(
        self, landscape: SpinPolynomial, *, num_reads: int = 1, num_sweeps: int = 1000, method: str = "annealing",
        temperatures: Iterable[float] | None = None, seed: int | None = None, workers: int | None = None,
    ) -> tuple[NDArray[np.int8], dict[str, Any]]:  # fmt: skip
        if num_reads < 1 or num_sweeps < 1:
            raise InputError(f"num_reads={num_reads} and num_sweeps={num_sweeps} must be at least 1")
        if method not in METHODS:
            raise InputError(f"there is no method {method!r}; there are: {', '.join(METHODS)}")
        chosen = int(np.random.default_rng().integers(1 << 31)) if seed is None else int(seed)
        if chosen < 0:
            raise InputError(f"a seed of {chosen} is negative; give 0 or more")
        given = None if temperatures is None else np.array(list(temperatures), np.float64)
        draw = _annealed if method == "annealing" else _tempered
        bits, attempts = draw(
            landscape, reads=num_reads, sweeps=num_sweeps, temperatures=given, seed=chosen, workers=threads(workers)
        )
        return 2 * bits.astype(np.int8) - 1, {"seed": chosen, "method": method, "spin_updates": attempts}


def _annealed(
    landscape: SpinPolynomial, *, reads: int, sweeps: int, temperatures: NDArray[np.float64] | None, seed: int,
    workers: int,
) -> tuple[NDArray[np.uint8], int]:  # fmt: skip
    replicas = Replicas(landscape, groups=-(-reads // REPLICAS), seed=seed, workers=workers)
    if temperatures is None:
        probe = Replicas(landscape, groups=1, seed=seed)
        cold, hot = temperature_range(probe)
    else:
        if len(temperatures) != 2 or not (np.isfinite(temperatures).all() and 0 < temperatures[1] <= temperatures[0]):
            raise InputError("temperatures of an annealing are two positive numbers: the hottest, the coldest")
        hot, cold = (temperatures / replicas.scale).tolist()
    replicas.anneal(1.0 / np.geomspace(hot, cold, sweeps))
    replicas.quench()
    states, energies = replicas.states(), replicas.energies()
    share = len(states) // reads
    lowest = energies[: share * reads].reshape(reads, share).argmin(axis=1) + share * np.arange(reads)
    return states[lowest], replicas.attempts


def _tempered(
    landscape: SpinPolynomial, *, reads: int, sweeps: int, temperatures: NDArray[np.float64] | None, seed: int,
    workers: int,
) -> tuple[NDArray[np.uint8], int]:  # fmt: skip
    run = Tempering(landscape, replicas=REPLICAS, temperatures=temperatures, seed=seed, workers=workers)
    if not run.tuned:
        run.tune(rounds=max(1, sweeps // 3))
    spent = 0 if temperatures is not None else max(1, sweeps // 3)
    copies = run.at[0].shape[1]
    times = math.ceil((reads - 1) / copies) if reads > 1 else 1
    states = []
    for length in np.diff(np.linspace(0, max(sweeps - spent, times), times + 1).astype(int)).tolist():
        run.run(length)
        state, rung = run.snapshot()
        states.append(state[rung == 0])
    best, _ = run.replicas.best()
    return np.concatenate([best[None], *states])[:reads], run.replicas.attempts
