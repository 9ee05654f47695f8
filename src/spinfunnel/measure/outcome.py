"""What a measure is, what it reads, and the ways without an answer that several measures share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeVar, cast

from spinfunnel.landscape import BasinGraph, Census, InputError, Landscape, Tally
from spinfunnel.landscape.basin_graph import Road
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.landscape.tree import MergeTree, merge_tree
from spinfunnel.measure.funnel import Chains, chains

__all__ = [
    "SAMPLE_IT",
    "Answer",
    "Measure",
    "Topography",
    "exactly",
    "no_weights",
    "overlap_tally",
    "single_minimum",
]

Found = TypeVar("Found")


class Topography:
    """A basin graph with its merge tree and its chains of lowest exits, each made once and when first read.

    Parameters
    ----------
    graph : BasinGraph
    temperature : float, optional
        In the unit of the energy, k_B = 1; that of `measure.temperature` unless given.
    landscape : Landscape, optional
        The landscape of which the graph is the map, for measures that read its states themselves.
    workers : int
        Threads for those that are long; no answer depends on it.
    seed : int
        For those that sample.
    null_grounds : sequence of float
        Ground energies of the ensemble of shuffled interactions, for measures that compare with it.
    null_maps : sequence of BasinGraph
        Maps of nulls that were explored as the landscape itself was: networks trained on shuffled labels.
    deadline : float
        Reading of `time.perf_counter` by which walks on large landscapes are over.
    solved_bits : int, optional
        Free bits up to which passage times are solved for; those of `measure.metropolis` unless given.

    Raises
    ------
    InputError
        For a temperature that is not a positive finite number.
    """

    def __init__(
        self,
        graph: BasinGraph,
        *,
        temperature: float | None = None,
        landscape: Landscape | None = None,
        workers: int = 1,
        seed: int = 0,
        null_grounds: Sequence[float] = (),
        null_maps: Sequence[BasinGraph] = (),
        deadline: float = math.inf,
        solved_bits: int | None = None,
    ) -> None:
        self.graph = graph
        self.solved_bits = solved_bits
        self.deadline = deadline
        self.null_grounds = tuple(null_grounds)
        self.null_maps = tuple(null_maps)
        self.landscape = landscape
        self.workers = workers
        self.seed = seed
        self._shared: dict[Any, Any] = {}
        self.given_temperature = None if temperature is None else float(temperature)
        if temperature is not None and not (math.isfinite(temperature) and temperature > 0.0):
            raise InputError(f"a temperature of {temperature} has no Boltzmann weights: give a finite number above 0")

    def __repr__(self) -> str:
        return f"<Topography of {self.graph!r}>"

    @cached_property
    def tree(self) -> MergeTree:
        """The merge tree."""
        return merge_tree(self.graph)

    @cached_property
    def chains(self) -> Chains:
        """Where the chain of lowest exits leads from each minimum."""
        return chains(self.graph)

    def on_graph(self, graph: BasinGraph) -> Topography:
        """Return another map of the same landscape, read with the same options."""
        return Topography(
            graph,
            temperature=self.given_temperature,
            landscape=self.landscape,
            workers=self.workers,
            seed=self.seed,
            null_grounds=self.null_grounds,
            null_maps=self.null_maps,
            deadline=self.deadline,
        )

    def shared(self, make: Callable[[Topography], Found]) -> Found:
        """``make(self)``, made once for all measures that ask for the same."""
        if make not in self._shared:
            self._shared[make] = make(self)
        return cast("Found", self._shared[make])


Answer: TypeAlias = Callable[[Topography], Measurement]

SAMPLE_IT = (
    "explore landscapes of bits by --explorer tempering, into an atlas of their own; flood chains that can be listed"
)
"""Remedy where a map lacks what only tempering, or a flood, sees."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a basin graph, and how it is read off maps of every road (see `BasinGraph.road`).

    Each way is a function of a `Topography`, called for maps with at least one minimum. A road without one has no
    answer, and says why.

    Attributes
    ----------
    name : str
        Its key in every table and JSON object.
    summary : str
        What it is, in a line.
    source : str
        Where it was defined.
    definition : int
        Number of the definition in the project's list of measures.
    exact : callable or None
        Of a map of all states.
    sampled : callable or None
        Of a map that was sampled, with the sampling error in its interval.
    smooth : callable or None
        Of stationary points.
    trained : callable or None
        Of trained networks.
    reads : {"map", "landscape"}
        Whether it reads the map alone, or the energies of the landscape's states as well.

    Examples
    --------
    >>> import numpy as np
    >>> lone = np.zeros(1), np.ones(1), np.ones(1, np.int64), np.ones(1, np.int64)
    >>> nothing = np.array([], str), np.array([]), np.array([0]), np.array([], np.int64), np.array([], bool)
    >>> graph = BasinGraph(np.array(["0"]), *lone, *nothing)
    >>> height = Measure("height", "lowest energy", "none", 1, exact=lambda it: exactly(float(it.graph.energy[0])))
    >>> print(height.compute(graph))
    0
    """

    name: str
    summary: str
    source: str
    definition: int
    exact: Answer | None = None
    sampled: Answer | None = None
    smooth: Answer | None = None
    trained: Answer | None = None
    reads: Literal["map", "landscape"] = "map"

    def compute(
        self,
        graph: BasinGraph,
        *,
        temperature: float | None = None,
        landscape: Landscape | None = None,
        workers: int = 1,
        seed: int = 0,
    ) -> Measurement:
        """Measure a basin graph.

        Parameters
        ----------
        graph : BasinGraph
        temperature : float, optional
            In the unit of the energy, k_B = 1, for the measures that are functions of one; that of
            `measure.temperature` unless given.
        landscape, workers, seed
            See `Topography`.

        Raises
        ------
        InputError
            For a temperature that is not a positive finite number.
        """
        return self.on(Topography(graph, temperature=temperature, landscape=landscape, workers=workers, seed=seed))

    def on(self, topography: Topography) -> Measurement:
        """Like `compute`, for several measures of one graph."""
        graph = topography.graph
        if graph.minima == 0:
            return NoAnswer("no_minima", "the map holds no minimum yet", "explore the landscape first")
        answer: Answer | None = getattr(self, graph.road)
        if answer is None:
            return self._no_way(graph.road)
        if self.reads == "landscape" and topography.landscape is None:
            return NoAnswer(
                "no_landscape",
                "it is measured on the states themselves, of which the map alone does not tell",
                "give the landscape beside its map",
            )
        return answer(topography)

    def _no_way(self, road: Road) -> NoAnswer:
        """Outcome where a map of this road has no answer."""
        if road == "trained":
            return NoAnswer(
                "trained_map",
                "it counts states or stationary points, of which trained networks are a sample",
                "explore a small network by --explorer stationary, or read the measures of trained networks",
            )
        if road == "smooth":
            return NoAnswer(
                "smooth_map",
                "it counts states, of which a smooth landscape has no number",
                "nothing to do: rivals, trap_ratio and superposition_tf say it of smooth maps",
            )
        if self.exact is not None:
            return NoAnswer(
                "sampled_map",
                "the map was sampled, and this needs all states or all minima",
                "flood the landscape exactly, at a smaller size where this one does not fit in memory",
            )
        if self.smooth is not None:
            return NoAnswer(
                "not_smooth", "the map is not of a smooth landscape", "nothing to do: its states are counted"
            )
        return NoAnswer("not_trained", "the map is not of trained networks", "nothing to do: its states are counted")


def exactly(value: float) -> Measurement:
    """Exact estimate of a computed number, or the named outcome that energies overflowed on the way."""
    if not math.isfinite(value):
        return NoAnswer("overflow", "the energies span more than a double can hold", "rescale the energies")
    return Estimate.exactly(value)


def no_weights() -> NoAnswer:
    """Outcome where no random state was followed down, so that no basin has a weight."""
    return NoAnswer(
        "no_descents", "no random state was quenched", "explore the landscape as well with an explorer that quenches"
    )


def single_minimum(graph: BasinGraph) -> NoAnswer | None:
    """Outcome where every minimum is native, so that there is nothing to escape from; None otherwise."""
    if graph.minima == 1:
        return NoAnswer("single_minimum", "there is one minimum only", "nothing to do: no barrier exists")
    if bool(graph.native.all()):
        cause = f"all {graph.minima} minima count as native"
        return NoAnswer("all_native", cause, "lower the native tolerance, if it is above 0")
    return None


def no_path() -> NoAnswer:
    """Outcome where saddles are missing between parts of the map."""
    return NoAnswer(
        "disconnected",
        "no path of known saddles leads from some minima to a lower one",
        "explore further, or ask for one connected part",
    )


def census_of(graph: BasinGraph) -> Census | NoAnswer:
    """Census of the graph, or the outcome that there is none."""
    if graph.census is None:
        return NoAnswer("no_census", "the map has no count over all states", "flood the landscape exactly")
    return graph.census


def energy_scale(graph: BasinGraph) -> float | NoAnswer:
    """Mean energy of a random state above the ground energy, or the outcome that there is none to measure in."""
    census = census_of(graph)
    if isinstance(census, NoAnswer):
        return census
    scale = census.mean - census.ground_energy
    if not scale > 0.0:
        return NoAnswer("flat", "every state has the ground energy", "nothing to do: there is no landscape")
    return scale


def overlap_tally(graph: BasinGraph) -> Tally | NoAnswer:
    """Histogram over all states of the overlap with the nearest native state, or the outcome that there is none."""
    for tally in graph.tallies:
        if tally.quantity == "overlap" and math.isinf(tally.temperature):
            return tally
    return NoAnswer(
        "no_overlap", "the map has no histogram of the overlap with the native state", "flood the landscape exactly"
    )
