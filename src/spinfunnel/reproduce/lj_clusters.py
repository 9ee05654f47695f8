"""Lennard-Jones clusters of 13 and 38 atoms: the textbook single funnel, and the textbook double funnel.

Doye, Miller, Wales, J. Chem. Phys. 111, 8417 (1999); Doye, Wales, J. Chem. Phys. 116, 3777 (2002).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape import BasinGraph, Budget
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.landscape.tree import merge_tree, minimax_to
from spinfunnel.pipeline.study import study
from spinfunnel.plot.disconnectivity import disconnectivity_graph
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, paragraphs
from spinfunnel.systems import lennard_jones

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinfunnel.pipeline.result import Study

__all__ = ["lj13", "lj38"]

_DOYE_1999 = "Doye, Miller, Wales, J. Chem. Phys. 111, 8417 (1999)"
_DOYE_2002 = "Doye, Wales, J. Chem. Phys. 116, 3777 (2002)"
_DATABASE = "Wales, Doye, J. Phys. Chem. A 101, 5111 (1997)"

EVALUATIONS_13, QUICK_13 = 150_000_000, 2_000_000
EVALUATIONS_38, QUICK_38 = 120_000_000, 4_000_000
"""Energies; a few minutes on two cores each, some seconds where it has to be quick."""
TRUNCATED_OCTAHEDRON, INCOMPLETE_ICOSAHEDRON = -173.928427, -173.252378
BEST_BARRIER = 4.219
"""Of the best path known between the two, above the lower."""
NEAR = 1e-4
"""Difference in energy within which a minimum of LJ38 is taken for the one of the literature."""

_NOTES_13 = paragraphs("""
Every minimum and saddle is proven: its gradient vanishes, and its Hessian has no or one negative eigenvalue. They are
counted up to translation, rotation, mirror image and exchange of atoms.

The search ends at a number of energies, so that the same seed gives the same numbers; more of them find more.
""")

_NOTES_38 = paragraphs("""
Both bottoms are found by basin hopping from random starts. Barriers are over saddles that were found and proven: upper
bounds of the lowest barrier, which fall as the search goes on.
""")


def lj13(order: Order) -> Redrawn:
    """Minima, transition states and the single funnel of 13 Lennard-Jones atoms."""
    found = _mapped(13, order, evaluations=QUICK_13 if order.quick else EVALUATIONS_13, explorer="climbing")
    graph = found.graph
    rows = (
        exact_comparison("lowest energy", round(float(graph.energy[0]), 6), known=-44.326801, origin=_DATABASE),
        exact_comparison("minima", graph.minima, known=1510, origin=_DOYE_2002),
        exact_comparison("transition states", graph.saddles, known=28756, origin=_DOYE_2002),
        *_measured(found, ("trap_ratio", "rivals", "funnel_weight", "superposition_peak")),
    )
    notes = (*_NOTES_13, f"Verdict: {found.verdict}.")
    return Redrawn(rows, notes, _table(graph), lambda sheet: _draw(sheet, graph), size=(6.0, 7.0))


def lj38(order: Order) -> Redrawn:
    """Both funnels of 38 Lennard-Jones atoms, and the barrier between them."""
    evaluations = QUICK_38 if order.quick else EVALUATIONS_38
    found = _mapped(38, order, evaluations=evaluations, explorer="joining")
    graph = found.graph
    bottoms = [int(np.abs(graph.energy - energy).argmin()) for energy in (TRUNCATED_OCTAHEDRON, INCOMPLETE_ICOSAHEDRON)]
    there = [abs(graph.energy[k] - e) < NEAR for k, e in zip(bottoms, _BOTTOMS, strict=True)]
    barrier = float(minimax_to(merge_tree(graph), bottoms[0])[bottoms[1]]) - float(graph.energy[bottoms[0]])
    known = all(there) and np.isfinite(barrier)
    missing = NoAnswer("no_path", "no path between the two bottoms was found yet", "leave --quick out")
    rows = (
        *(
            exact_comparison(name, round(float(graph.energy[k]), 6), known=e, origin=_DATABASE)
            for name, k, e in zip(("truncated octahedron", "incomplete icosahedron"), bottoms, _BOTTOMS, strict=True)
        ),
        Comparison(
            "barrier from the octahedron",
            Estimate.exactly(round(barrier, 3)) if known else missing,
            known=BEST_BARRIER,
            origin=_DOYE_1999,
        ),
        *_measured(found, ("rivals", "rival_gap", "rival_barrier", "superposition_tf")),
    )
    notes = (*_NOTES_38, f"Verdict: {found.verdict}.")
    return Redrawn(rows, notes, _table(graph), lambda sheet: _draw(sheet, graph), size=(6.0, 7.0))


_BOTTOMS = (TRUNCATED_OCTAHEDRON, INCOMPLETE_ICOSAHEDRON)


def _mapped(atoms: int, order: Order, *, evaluations: int, explorer: str) -> Study:
    return study(
        lennard_jones(atoms),
        explorer=explorer,
        seed=order.seed,
        workers=order.workers,
        budget=Budget(evaluations=evaluations),
        nulls=False,
        progress=order.progress,
    )


def _measured(found: Study, names: tuple[str, ...]) -> list[Comparison]:
    return [Comparison(name.replace("_", " "), found.measures[name]) for name in names]


def _table(graph: BasinGraph) -> dict[str, list[float]]:
    """Energies of minima, and barriers from each to the lowest."""
    barrier = minimax_to(merge_tree(graph), 0) - graph.energy
    return {
        "energy": graph.energy.tolist(),
        "barrier to the lowest": [round(value, 9) if np.isfinite(value) else "" for value in barrier.tolist()],
        "weight": graph.weight.tolist(),
    }


def _draw(sheet: Figure, graph: BasinGraph) -> None:
    disconnectivity_graph(graph, sheet.add_subplot(), limit=300)
