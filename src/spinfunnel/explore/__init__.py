"""Explorers: landscape in, records out. `EXPLORERS` is the one list of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from spinfunnel.explore.flood import flooding
from spinfunnel.explore.sample import (
    annealing,
)
from spinfunnel.explore.sample import (
    chain_folding as folding,
)
from spinfunnel.explore.sample import (
    exchange as tempering,
)
from spinfunnel.explore.sample import (
    iterative_fixing as itfix,
)
from spinfunnel.explore.sample import (
    other_samples as samples,
)
from spinfunnel.explore.sample import (
    tempering as mapping,
)
from spinfunnel.explore.smooth import (
    climbing,
    connecting,
    hopping,
    joining,
    langevin,
    stationary,
)
from spinfunnel.explore.smooth import (
    recorded_map as reading,
)
from spinfunnel.landscape import BasinGraph, Kind, Parameter, Record
from spinfunnel.landscape.plugins import Registry

__all__ = ["EXPLORERS", "Explorer"]


@dataclass(frozen=True, slots=True)
class Explorer:
    """One way to map a landscape.

    Attributes
    ----------
    name : str
    explore : callable
        ``explore(landscape, *, seed, workers, progress)`` yields chunks of records. One that samples takes a
        ``budget`` as well, and yields an `Effort` last. Its other keyword parameters, each with a type and a default,
        are its options.
    map_at_once : callable or None
        ``map_at_once(landscape, *, workers, progress)`` returns the same map as a BasinGraph, to be kept nowhere.
    kinds : tuple of Kind
        Kinds of landscape that it takes.
    exact : bool
        Whether a finished run is an exact map.
    summary, source : str
    """

    name: str
    explore: Callable[..., Iterator[list[Record]]]
    kinds: tuple[Kind, ...]
    exact: bool
    summary: str
    source: str
    map_at_once: Callable[..., BasinGraph] | None = None

    @property
    def samples(self) -> bool:
        """Whether it takes a budget."""
        return "budget" in inspect.signature(self.explore).parameters

    @property
    def options(self) -> Mapping[str, Parameter]:
        """What can be set, with defaults."""
        found = inspect.signature(self.explore).parameters.values()
        own = [entry for entry in found if entry.kind is entry.KEYWORD_ONLY and entry.name not in _COMMON]
        return {entry.name: entry.default for entry in own}


_COMMON = frozenset({"seed", "workers", "progress", "budget"})


EXPLORERS: Registry[Explorer] = Registry(
    "spinfunnel.explorers",
    Explorer,
    (
        Explorer(
            "flooding",
            flooding.explore,
            (Kind.BINARY, Kind.CHAIN, Kind.GRAPH),
            True,
            "every state, exactly: minima, basins, exits, merge tree (up to 31 free bits, 13 bytes a state)",
            "Flamm, Hofacker, Stadler, Wolfinger, Z. Phys. Chem. 216, 155 (2002)",
            flooding.flood,
        ),
        Explorer(
            "climbing",
            climbing.explore,
            (Kind.SMOOTH,),
            False,
            "from minima over saddles to minima: eigenvector following, every point proven by its Hessian",
            "Munro, Wales, Phys. Rev. B 59, 3969 (1999); Tsai, Jordan, J. Phys. Chem. 97, 11227 (1993)",
        ),
        Explorer(
            "joining",
            joining.explore,
            (Kind.SMOOTH,),
            False,
            "low minima and the lowest passes between them, where minima are too many to be listed",
            "Wales, Doye, J. Phys. Chem. A 101, 5111 (1997); Munro, Wales, Phys. Rev. B 59, 3969 (1999)",
        ),
        Explorer(
            "connecting",
            connecting.explore,
            (Kind.SMOOTH,),
            False,
            "minima joined by doubly nudged elastic bands, each between two that Dijkstra's algorithm picks",
            "Trygubenko, Wales, J. Chem. Phys. 120, 2082 (2004); Carr et al., J. Chem. Phys. 122, 234903 (2005)",
        ),
        Explorer(
            "stationary",
            stationary.explore,
            (Kind.SMOOTH,),
            False,
            "every stationary point, of any index, where there are few coordinates (up to 300)",
            "Broderix et al., Phys. Rev. Lett. 85, 5360 (2000)",
        ),
        Explorer(
            "reading",
            reading.explore,
            (Kind.RECORDED,),
            False,
            "a map that another program made, as it is: a Cambridge database (min.data, ts.data)",
            "Wales, Energy Landscapes, Cambridge University Press (2003)",
        ),
        Explorer(
            "folding",
            folding.explore,
            (Kind.CHAIN,),
            False,
            "replica exchange of a lattice chain by pulls: minima and the lowest energy of chains too long to list",
            "Thachuk, Shmygelska, Hoos, BMC Bioinformatics 8, 342 (2007)",
        ),
        Explorer(
            "tempering",
            mapping.explore,
            (Kind.BINARY,),
            False,
            "samples a map: parallel tempering, quenches, floods around minima, paths between them, histograms",
            "Hukushima, Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996); Sibani et al., Europhys. Lett. 22, 479 (1993)",
        ),
        Explorer(
            "samples",
            samples.explore,
            (Kind.BINARY,),
            False,
            "a map from another solver's samples: file=PATH of a dimod SampleSet (JSON) or rows of bits",
            "Sibani et al., Europhys. Lett. 22, 479 (1993), for the floods around them",
        ),
        Explorer(
            "exchange",
            tempering.explore,
            (Kind.BINARY,),
            False,
            "minima only: parallel tempering of 64 replicas at a time over temperatures that set themselves",
            "Hukushima, Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996); Syed et al., J. R. Stat. Soc. B 84, 321 (2022)",
        ),
        Explorer(
            "annealing",
            annealing.explore,
            (Kind.BINARY,),
            False,
            "simulated annealing, again and again, of 64 replicas at a time; every end is brought to its minimum",
            "Kirkpatrick, Gelatt, Vecchi, Science 220, 671 (1983)",
        ),
        Explorer(
            "population",
            annealing.explore_population,
            (Kind.BINARY,),
            False,
            "population annealing: a population is cooled, its members copied by their Boltzmann weights",
            "Machta, Phys. Rev. E 82, 026704 (2010)",
        ),
        Explorer(
            "hopping",
            hopping.explore,
            (Kind.SMOOTH,),
            False,
            "low minima by basin hopping, four chains at neighbouring temperatures",
            "Wales, Doye, J. Phys. Chem. A 101, 5111 (1997)",
        ),
        Explorer(
            "langevin",
            langevin.explore,
            (Kind.SMOOTH,),
            False,
            "minima under Langevin trajectories of 16 walkers at one temperature, and how often they are met",
            "Stillinger, Weber, Phys. Rev. A 25, 978 (1982)",
        ),
        Explorer(
            "itfix",
            itfix.explore,
            (Kind.BINARY, Kind.CHAIN, Kind.GRAPH),
            False,
            "iterative fixing: rounds of annealing, each of which fixes what the best of the last one agree on",
            "DeBartolo, Colubri, Jha, Fitzgerald, Freed, Sosnick, PNAS 106, 3734 (2009)",
        ),
    ),
)
