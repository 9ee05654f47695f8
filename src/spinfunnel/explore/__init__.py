"""Explorers: landscape in, records out. `EXPLORERS` is the one list of them.

A row names the module that does the work; it is imported when it is asked for, so that a command loads what it uses.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from spinfunnel.landscape import BasinGraph, InputError, Kind, Landscape, Parameter, Record
from spinfunnel.landscape.plugins import Registry

__all__ = ["EXPLORERS", "Explorer", "loaded"]

Explore: TypeAlias = Callable[..., Iterator[list[Record]]]


@dataclass(frozen=True, slots=True)
class Explorer:
    """One way to map a landscape.

    Attributes
    ----------
    name : str
    home : str, callable, or mapping from Kind to either
        ``explore(landscape, *, seed, workers, progress)``, which yields chunks of records, or the module of this folder
        and the name under which it is found: "flood.flooding:explore". One that samples takes a ``budget`` as well, and
        yields an `Effort` last; one of long jobs takes a ``memory`` (see `remembering.Memory`). Its other keyword
        parameters, each with a type and a default, are its options.
    kinds : tuple of Kind
        Kinds of landscape that it takes.
    exact : bool
        Whether a finished run is an exact map.
    summary, source : str
    map_at_once : str or callable, optional
        ``map_at_once(landscape, *, workers, progress)`` returns the same map as a BasinGraph, to be kept nowhere.
    refusal : str or callable, optional
        ``refusal(landscape)`` says why a landscape of its kind cannot be explored, or None, without exploring.
    evaluations : str or callable, optional
        ``evaluations(landscape)``: energies that a whole exploration computes, of one that yields no `Effort`.

    Examples
    --------
    >>> EXPLORERS["training"].takes("budget", Kind.NETWORK), EXPLORERS["flooding"].takes("budget", Kind.BINARY)
    (True, False)
    """

    name: str
    home: str | Explore | Mapping[Kind, str | Explore]
    kinds: tuple[Kind, ...]
    exact: bool
    summary: str
    source: str
    map_at_once: str | Callable[..., BasinGraph] | None = None
    refusal: str | Callable[[Landscape], InputError | None] | None = None
    evaluations: str | Callable[[Landscape], int] | None = None

    def explore(self, kind: Kind) -> Explore:
        """Return the function that explores landscapes of a kind."""
        home = self.home[kind] if isinstance(self.home, Mapping) else self.home
        found: Explore = loaded(home)
        return found

    def takes(self, parameter: str, kind: Kind) -> bool:
        """Whether it takes a parameter, such as a budget."""
        return parameter in inspect.signature(self.explore(kind)).parameters

    def options(self, kind: Kind) -> Mapping[str, Parameter]:
        """Return what can be set, with defaults."""
        found = inspect.signature(self.explore(kind)).parameters.values()
        own = [entry for entry in found if entry.kind is entry.KEYWORD_ONLY and entry.name not in _COMMON]
        return {entry.name: entry.default for entry in own}


_COMMON = frozenset({"seed", "workers", "progress", "budget", "memory"})


def loaded(home: str | Callable[..., Any]) -> Any:
    """Return a function, or the one that a text names: "flood.flooding:explore"."""
    if not isinstance(home, str):
        return home
    module, _, name = home.partition(":")
    return getattr(import_module(f"{__name__}.{module}"), name)


EXPLORERS: Registry[Explorer] = Registry(
    "spinfunnel.explorers",
    Explorer,
    (
        Explorer(
            "flooding",
            "flood.flooding:explore",
            (Kind.BINARY, Kind.CHAIN, Kind.GRAPH),
            True,
            "every state, exactly: minima, basins, exits, merge tree (up to 31 free bits, 13 bytes a state)",
            "Flamm, Hofacker, Stadler, Wolfinger, Z. Phys. Chem. 216, 155 (2002)",
            map_at_once="flood.flooding:flood",
            refusal="flood.memory:flood_refusal",
            evaluations="flood.flooding:evaluations",
        ),
        Explorer(
            "training",
            "network.ensemble_training:explore",
            (Kind.NETWORK,),
            False,
            "solutions of a network trained from many starts, aligned, and the lowest paths found between them",
            "Draxler, Veschgini, Salmhofer, Hamprecht, ICML (2018); Entezari, Sedghi, Saukh, Neyshabur, ICLR (2022)",
        ),
        Explorer(
            "checkpoints",
            "network.checkpoints:explore",
            (Kind.NETWORK,),
            False,
            "a map of a network's checkpoints, file='runs/*.pt', and the lowest paths found between them",
            "Draxler, Veschgini, Salmhofer, Hamprecht, ICML (2018)",
        ),
        Explorer(
            "climbing",
            "smooth.climbing:explore",
            (Kind.SMOOTH,),
            False,
            "from minima over saddles to minima: eigenvector following, every point proven by its Hessian",
            "Munro, Wales, Phys. Rev. B 59, 3969 (1999); Tsai, Jordan, J. Phys. Chem. 97, 11227 (1993)",
        ),
        Explorer(
            "joining",
            "smooth.joining:explore",
            (Kind.SMOOTH,),
            False,
            "low minima and the lowest passes between them, where minima are too many to be listed",
            "Wales, Doye, J. Phys. Chem. A 101, 5111 (1997); Munro, Wales, Phys. Rev. B 59, 3969 (1999)",
        ),
        Explorer(
            "connecting",
            "smooth.connecting:explore",
            (Kind.SMOOTH,),
            False,
            "minima joined by doubly nudged elastic bands, each between two that Dijkstra's algorithm picks",
            "Trygubenko, Wales, J. Chem. Phys. 120, 2082 (2004); Carr et al., J. Chem. Phys. 122, 234903 (2005)",
        ),
        Explorer(
            "stationary",
            {Kind.SMOOTH: "smooth.stationary:explore", Kind.NETWORK: "network.network_points:explore"},
            (Kind.SMOOTH, Kind.NETWORK),
            False,
            "every stationary point, of any index, where there are few coordinates (up to 300)",
            "Broderix et al., Phys. Rev. Lett. 85, 5360 (2000)",
        ),
        Explorer(
            "grid",
            "smooth.grid:explore",
            (Kind.SMOOTH,),
            False,
            "a function in a box of up to three coordinates: a grid is flooded, its minima and passes polished",
            "Vincent, Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13, 583 (1991)",
            refusal="smooth.grid:refusal",
        ),
        Explorer(
            "downhill",
            "smooth.downhill:explore",
            (Kind.SMOOTH,),
            False,
            "a function in a box: random descents, each followed from minimum to lower minimum over the passes found",
            "Leary, J. Glob. Optim. 18, 367 (2000), for monotonic sequences",
            refusal="smooth.downhill:refusal",
        ),
        Explorer(
            "reading",
            "smooth.recorded_map:explore",
            (Kind.RECORDED,),
            False,
            "a map that another program made, as it is: a Cambridge database (min.data, ts.data)",
            "Wales, Energy Landscapes, Cambridge University Press (2003)",
        ),
        Explorer(
            "folding",
            "sample.chain_folding:explore",
            (Kind.CHAIN,),
            False,
            "replica exchange of a lattice chain by pulls: minima and the lowest energy of chains too long to list",
            "Thachuk, Shmygelska, Hoos, BMC Bioinformatics 8, 342 (2007)",
        ),
        Explorer(
            "tempering",
            "sample.tempering:explore",
            (Kind.BINARY,),
            False,
            "samples a map: parallel tempering, quenches, floods around minima, paths between them, histograms",
            "Hukushima, Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996); Sibani et al., Europhys. Lett. 22, 479 (1993)",
        ),
        Explorer(
            "samples",
            "sample.other_samples:explore",
            (Kind.BINARY,),
            False,
            "a map from another solver's samples: file=PATH of a dimod SampleSet (JSON) or rows of bits",
            "Sibani et al., Europhys. Lett. 22, 479 (1993), for the floods around them",
        ),
        Explorer(
            "exchange",
            "sample.exchange:explore",
            (Kind.BINARY,),
            False,
            "minima only: parallel tempering of 64 replicas at a time over temperatures that set themselves",
            "Hukushima, Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996); Syed et al., J. R. Stat. Soc. B 84, 321 (2022)",
        ),
        Explorer(
            "annealing",
            "sample.annealing:explore",
            (Kind.BINARY,),
            False,
            "simulated annealing, again and again, of 64 replicas at a time; every end is brought to its minimum",
            "Kirkpatrick, Gelatt, Vecchi, Science 220, 671 (1983)",
        ),
        Explorer(
            "population",
            "sample.annealing:explore_population",
            (Kind.BINARY,),
            False,
            "population annealing: a population is cooled, its members copied by their Boltzmann weights",
            "Machta, Phys. Rev. E 82, 026704 (2010)",
        ),
        Explorer(
            "hopping",
            "smooth.hopping:explore",
            (Kind.SMOOTH,),
            False,
            "low minima by basin hopping, four chains at neighbouring temperatures",
            "Wales, Doye, J. Phys. Chem. A 101, 5111 (1997)",
        ),
        Explorer(
            "langevin",
            "smooth.langevin:explore",
            (Kind.SMOOTH,),
            False,
            "minima under Langevin trajectories of 16 walkers at one temperature, and how often they are met",
            "Stillinger, Weber, Phys. Rev. A 25, 978 (1982)",
        ),
        Explorer(
            "itfix",
            "sample.iterative_fixing:explore",
            (Kind.BINARY, Kind.CHAIN, Kind.GRAPH),
            False,
            "iterative fixing: rounds of annealing, each of which fixes what the best of the last one agree on",
            "DeBartolo, Colubri, Jha, Fitzgerald, Freed, Sosnick, PNAS 106, 3734 (2009)",
        ),
    ),
)
