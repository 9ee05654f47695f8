"""What a study says and shows beyond measures: facts of its explorer, curvature, pathways, surfaces."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from spinfunnel.landscape import InputError, Kind, Progress
from spinfunnel.network.solutions import Solutions
from spinfunnel.pipeline.run import Mapped
from spinfunnel.verdict.trained import one_funnel

__all__ = ["curvature_of", "details_of", "views_of"]

DRAWN_STATES = 300
"""Minima whose atoms can be drawn in the report, the lowest."""


def details_of(found: Mapped, curvature: Any) -> dict[str, Any]:
    """What is known beyond measures, as plain numbers: of a network its solutions, paths and curvature.

    ``note`` is what was decided on reading a file that does not say it itself.
    """
    note = getattr(found.landscape, "note", "")
    return ({"note": note} if note else {}) | _facts(found, curvature)


def _facts(found: Mapped, curvature: Any) -> dict[str, Any]:
    facts = found.graph.facts or {}
    solutions = Solutions.of(found.graph)
    if solutions is None:
        details = {name: facts[name] for name in ("network",) if name in facts}
        ties = getattr(found.landscape, "ties", None)
        details |= {} if ties is None else {"ties": dict(ties)}
        return details | _compared(facts.get("comparison"))
    details = solutions.details()
    if curvature is not None:
        details["hessian"] = curvature.to_json()
    return {"network": details}


def _compared(comparison: dict[str, Any] | None) -> dict[str, Any]:
    """Checkpoints side by side, with the answer whether one funnel holds two."""
    if comparison is None:
        return {}
    scale = float(comparison["energy_scale"])
    between = [{**row, "same_funnel": one_funnel(row["curved_barrier"], scale=scale)} for row in comparison["between"]]
    return {**comparison, "between": between}


def curvature_of(found: Mapped, *, quick: bool, seed: int, until: float) -> Any:
    """Curvature at the lowest solution of a network; None where there is no time, or no weights to look at."""
    if found.landscape is None or found.landscape.kind is not Kind.NETWORK or Solutions.of(found.graph) is None:
        return None
    from spinfunnel.explore.network.network_jobs import vector_of
    from spinfunnel.explore.network.schedule import HESSIAN_SECONDS, product_seconds
    from spinfunnel.network.curvature_summary import curvature_summary, least_products

    landscape: Any = found.landscape
    seconds = min(HESSIAN_SECONDS[quick], max(until - time.perf_counter(), 0.0))
    products = int(seconds / product_seconds(landscape))
    if products < least_products(quick=quick) and math.isfinite(until):
        return None
    point = vector_of(found.minima[str(found.graph.key[0])], landscape)
    return curvature_summary(landscape, point, products=products, quick=quick, seed=seed)


def views_of(
    found: Mapped, nulls: Sequence[Mapped], curvature: Any, *, quick: bool, seed: int, until: float, progress: Progress
) -> dict[str, Any]:
    """What pictures of a landscape's own are drawn from, by name."""
    if found.landscape is None:
        return {}
    if found.landscape.kind is Kind.NETWORK:
        return _network(found, nulls, curvature, quick=quick, seed=seed, until=until, progress=progress)
    if found.landscape.kind is Kind.SMOOTH and found.minima:
        return _smooth(found) | {"coordinates": _coordinates(found)}
    labels = getattr(found.landscape, "labels", ())
    names = tuple(map(str, labels)) if isinstance(labels, tuple) else ()  # labels of data are an array
    return {} if names == tuple(map(str, range(len(names)))) else {"variables": names}


def _coordinates(found: Mapped) -> dict[str, Any]:
    """Coordinates of the lowest minima by key, shape (atoms, 3) of atoms and (dimension,) of others."""
    landscape: Any = found.landscape
    keys = [str(key) for key in found.graph.key[:DRAWN_STATES] if str(key) in found.minima]
    flat = {key: np.frombuffer(found.minima[key], "<f8") for key in keys}
    if landscape.invariance.frame is not None and hasattr(landscape, "all_atoms"):
        return {key: landscape.all_atoms(values) for key, values in flat.items()}
    if not landscape.invariance.of_atoms:
        return flat
    return {key: values.reshape(-1, 3) for key, values in flat.items()}


def _network(
    found: Mapped, nulls: Sequence[Mapped], curvature: Any, *, quick: bool, seed: int, until: float, progress: Progress
) -> dict[str, Any]:
    from spinfunnel.network.portrait import portrait

    own = _trained(found)
    if own is None:
        return {}
    others = [one for one in map(_trained, nulls) if one is not None]
    return {
        "network": portrait(own, others, curvature, quick=quick, seed=seed, until=until, progress=progress),
    }


def _trained(mapped: Mapped) -> Any:
    """Solutions of a map with their weights; None where it is not a map of trainings."""
    import torch

    from spinfunnel.explore.network.ensemble_training import start_of
    from spinfunnel.explore.network.network_jobs import vector_of
    from spinfunnel.network.batched import Batched
    from spinfunnel.network.portrait import Trained

    solutions = Solutions.of(mapped.graph)
    if solutions is None:
        return None
    landscape: Any = mapped.landscape
    vectors = torch.stack([vector_of(mapped.minima[key], landscape) for key in solutions.keys])
    return Trained(landscape, solutions, vectors, start_of(Batched(landscape), solutions))


def _smooth(found: Mapped) -> dict[str, Any]:
    """Movie of atoms between the two lowest minima, and Hessian spectra of the lowest minimum and its saddles."""
    from spinfunnel.explore.smooth.curvature_rows import spectra_of
    from spinfunnel.explore.smooth.engine import MOST_DENSE
    from spinfunnel.explore.smooth.pathway import follow_pathway

    landscape: Any = found.landscape
    graph, minima, saddles = found.graph, dict(found.minima), dict(found.saddles)
    made: dict[str, Any] = {}
    # Pathways take thousands of Hessians: of atoms whose energy is compiled, seconds.
    if landscape.invariance.of_atoms and landscape.kernel is not None:
        made["pathway"] = "one minimum is known, and no way to another"
        if graph.minima > 1:
            try:
                made["pathway"] = follow_pathway(landscape, graph, minima, saddles)
            except InputError as problem:
                made["pathway"] = str(problem)
    if landscape.dimension <= MOST_DENSE:
        made["hessian_rows"] = spectra_of(landscape, graph, minima, saddles)
    return made
