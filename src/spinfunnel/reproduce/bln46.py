"""The 46-bead model protein and its variant without frustration: the textbook pair of a glass and a funnel.

Berry, Elmaci, Rose, Vekhter, Proc. Natl. Acad. Sci. 94, 9520 (1997); Miller, Wales, J. Chem. Phys. 111, 6610 (1999).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spinfunnel.landscape import Budget
from spinfunnel.measure.connected_part import connected_part
from spinfunnel.pipeline.study import study
from spinfunnel.plot.disconnectivity import disconnectivity_graph
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, paragraphs
from spinfunnel.systems import bln_protein

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinfunnel.pipeline.result import Study

__all__ = ["bln"]

CASES = (("frustrated", 400.0, -49.263513), ("go", 400.0, None), ("frustrated", 231.2, -49.407235))
"""Interactions, stiffness of the bonds, lowest minimum known."""
EVALUATIONS, QUICK = {"frustrated": 5_000_000, "go": 9_000_000}, 1_500_000
"""Energies of each map; without frustration the energy is flat around the folded states, and quenches take longer."""

DRAWN, HEIGHT = 100, 12.0
"""Lowest minima that are drawn of those with a path to the lowest, and the energy up to which they are: many a pass
above it was met once, and never sought to be lowered."""

_NOTES = paragraphs("""
Low minima are found by replica exchange dynamics, and joined by climbs between those that are near each other:
every minimum and saddle is proven, others are missing, so that barriers are upper bounds.

The Go variant keeps the attraction of those pairs alone that touch in the lowest minimum of the frustrated model.
""")


def bln(order: Order) -> Redrawn:
    """Lowest minima, rivals and verdicts of the frustrated model, with both bond stiffnesses, and of its Go variant."""
    cases = CASES[:2] if order.quick else CASES
    found: dict[str, Study] = {}
    rows: list[Comparison] = []
    for number, (interactions, stiffness, lowest) in enumerate(cases):

        def relay(stage: str, done: float, number: int = number) -> None:
            order.progress(stage, (number + done) / len(cases))

        title = f"{interactions}, K = {stiffness:g}"
        found[title] = one = study(
            bln_protein(interactions=interactions, stiffness=stiffness), explorer="joining", seed=order.seed,
            workers=order.workers, nulls=False, progress=relay,
            budget=Budget(evaluations=QUICK if order.quick else EVALUATIONS[interactions]),
        )  # fmt: skip
        energy = round(float(one.graph.energy[0]), 6)
        rows.append(exact_comparison(f"{title}: lowest energy", energy, known=lowest, origin="best known"))
        rows += [Comparison(f"{title}: {name.replace('_', ' ')}", one.measures[name]) for name in READ]
    notes = (*_NOTES, *(f"{title}: {one.verdict}." for title, one in found.items()))
    data: dict[str, list[Any]] = {"landscape": [], "energy": [], "weight": []}
    for title, one in found.items():
        data["landscape"] += [title] * one.graph.minima
        data["energy"] += one.graph.energy.tolist()
        data["weight"] += one.graph.weight.tolist()
    return Redrawn(tuple(rows), notes, data, lambda sheet: _draw(sheet, found), size=(4.6 * len(found), 6.0))


READ = ("minima", "connected_share", "rivals", "rival_barrier", "rival_occupation", "rival_escape")


def _draw(sheet: Figure, found: dict[str, Study]) -> None:
    for axes, (title, one) in zip(sheet.subplots(1, len(found)), found.items(), strict=True):
        joined = connected_part(one.graph)
        disconnectivity_graph(joined, axes, limit=DRAWN, legend=False)
        floor = float(joined.energy[0])
        axes.set_ylim(floor - 0.05 * HEIGHT, floor + HEIGHT)
        axes.set_title(f"{title}: {one.verdict.kind}", fontsize=10)
