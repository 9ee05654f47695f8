"""What a measure is, what it reads, and the ways without an answer that several measures share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from spinfunnel.landscape import BasinGraph, Census, InputError, Landscape, Tally
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.landscape.tree import MergeTree, merge_tree
from spinfunnel.measure.funnel import Chains, chains

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "DEFAULT_TEMPERATURE",
    "SAMPLE_IT",
    "Measure",
    "Topography",
    "exactly",
    "no_weights",
    "overlap_tally",
    "single_minimum",
]

Found = TypeVar("Found")

DEFAULT_TEMPERATURE = 0.5
"""Temperature of measures that need one and were given none, in the unit of the energy.

Half the usual unit coupling: well below the transitions of the Ising systems shipped here, well above the gap of most
samples. Landscapes with another unit of energy need a temperature of their own.
"""


class Topography:
    """A basin graph with its merge tree and its chains of lowest exits, each made once and when first read.

    Parameters
    ----------
    graph : BasinGraph
    temperature : float, optional
        In the unit of the energy, k_B = 1; `DEFAULT_TEMPERATURE` unless given.
    landscape : Landscape, optional
        The landscape of which the graph is the map, for measures that read its states themselves.
    workers : int
        Threads for those that are long; no answer depends on it.
    seed : int
        For those that sample.
    null_grounds : sequence of float
        Ground energies of the ensemble of shuffled interactions, for measures that compare with it.
    deadline : float
        Reading of `time.perf_counter` by which walks on large landscapes are over.

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
        deadline: float = math.inf,
    ) -> None:
        self.graph = graph
        self.deadline = deadline
        self.null_grounds = tuple(null_grounds)
        self.landscape = landscape
        self.workers = workers
        self.seed = seed
        self._shared: dict[Any, Any] = {}
        self.temperature = DEFAULT_TEMPERATURE if temperature is None else float(temperature)
        if not (math.isfinite(self.temperature) and self.temperature > 0.0):
            raise InputError(
                f"a temperature of {self.temperature} has no Boltzmann weights: give a finite number above 0"
            )

    @cached_property
    def tree(self) -> MergeTree:
        """The merge tree."""
        return merge_tree(self.graph)

    @cached_property
    def chains(self) -> Chains:
        """Where the chain of lowest exits leads from each minimum."""
        return chains(self.graph)

    def shared(self, make: Callable[[Topography], Found]) -> Found:
        """``make(self)``, made once for all measures that ask for the same."""
        if make not in self._shared:
            self._shared[make] = make(self)
        return cast("Found", self._shared[make])


SAMPLE_IT = (
    "explore landscapes of bits by --explorer tempering, into an atlas of their own; flood chains that can be listed"
)
"""Remedy where a map lacks what only tempering, or a flood, sees."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a basin graph.

    Attributes
    ----------
    name : str
        Its key in every table and JSON object.
    answer : callable
        Maps a `Topography` to a `Measurement`; called for maps with at least one minimum only, and exact ones.
    summary : str
        What it is, in a line.
    source : str
        Where it was defined.
    definition : int
        Number of the definition in the project's list of measures.
    reads : {"map", "landscape"}
        Whether it reads the map alone, or the energies of the landscape's states as well.
    smooth : callable or None
        How it is read off the map of a smooth landscape (see `spinfunnel.measure.smooth_maps`).
    sampled : callable or None
        The same for sampled maps, with the sampling error in its interval; None where a sample does not tell.
    """

    name: str
    answer: Callable[[Topography], Measurement]
    summary: str
    source: str
    definition: int
    reads: Literal["map", "landscape"] = "map"
    smooth: Callable[[Topography], Measurement] | None = None
    sampled: Callable[[Topography], Measurement] | None = None

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
            In the unit of the energy, k_B = 1, for the measures that are functions of one; None means
            `DEFAULT_TEMPERATURE`.
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
        if topography.graph.minima == 0:
            return NoAnswer("no_minima", "the map holds no minimum yet", "explore the landscape first")
        if topography.graph.log_volume is not None and self.smooth is not None:
            return self.smooth(topography)
        if topography.graph.log_volume is not None:
            return NoAnswer(
                "smooth_map",
                "it counts states, of which a smooth landscape has no number",
                "nothing to do: rivals, trap_ratio and superposition_tf say it of smooth maps",
            )
        if not topography.graph.exact and self.sampled is None:
            return NoAnswer(
                "sampled_map",
                "the map was sampled, and this needs all states or all minima",
                "flood the landscape exactly, at a smaller size where this one does not fit in memory",
            )
        if self.reads == "landscape" and topography.landscape is None:
            return NoAnswer(
                "no_landscape",
                "it is measured on the states themselves, of which the map alone does not tell",
                "give the landscape beside its map",
            )
        if topography.graph.exact or self.sampled is None:
            return self.answer(topography)
        return self.sampled(topography)


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
