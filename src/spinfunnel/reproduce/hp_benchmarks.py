"""HP lattice proteins: counts and ground states of all conformations, best-known energies of longer chains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.explore.sample.chain_folding import COLDEST, HOTTEST, LADDERS, RUNGS, Ladder
from spinfunnel.plot.palette import ACCENT, INK, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, paragraphs
from spinfunnel.systems import hp_protein

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["hp_benchmarks"]

LISTED = (
    ("hhppppphhppphppphp", 5_808_335, -4, 1),
    ("hphphhhppphhhhpphh", 5_808_335, -8, 1),
    ("phpphphhhphhphhhhh", 5_808_335, -9, 1),
    ("hphpphhphpphphhpphph", 41_889_578, -9, 2),
    ("hhhpphphphpphphphpph", 41_889_578, -10, 1),
)
"""Sequence, conformations, ground energy and number of ground states up to the symmetries of the square."""
FOLDED = (
    ("hhpphpphpphpphpphpphpphh", 2, -9),
    ("ppphhpphhppppphhhhhhhpphhpppphhpphpp", 2, -14),
    ("HPHHPPHHHHPHHHPPHHPPHPHHHPHPHHPPHHPPPHPPPPPPPPHH", 3, -32),
    ("HHHHPHHPHHHHHPPHPPHHPPHPPPPPPHPPHPPPHPPHHPPHHHPH", 3, -34),
)
"""Sequence, dimension and best-known energy."""
SHORT, FEW = 18, 40
MOST = 400_000_000
"""Energy evaluations after which a search is given up."""


def hp_benchmarks(order: Order) -> Redrawn:
    """Conformations, ground energies and degeneracies of 18- and 20-mers; best-known energies of 24- to 48-mers."""
    rows: list[Comparison] = []
    listed = [case for case in LISTED if len(case[0]) <= SHORT or not order.quick]
    folded = [case for case in FOLDED if len(case[0]) < FEW or not order.quick]
    whole = len(listed) + len(folded)
    for number, (sequence, states, ground, degeneracy) in enumerate(listed):
        order.progress(f"{len(sequence)}-mer", number / whole)
        energies = hp_protein(sequence).list_states(workers=order.workers).energies
        lowest = float(energies.min())
        origin = "enumerated independently"
        rows += [
            exact_comparison(f"{sequence}: conformations", len(energies), known=states, origin=origin),
            exact_comparison(f"{sequence}: ground energy", lowest, known=ground, origin=origin),
            exact_comparison(
                f"{sequence}: ground states", int((energies == lowest).sum()), known=degeneracy, origin=origin
            ),
        ]
    spent: list[int] = []
    for number, (sequence, dimension, best) in enumerate(folded):
        order.progress(f"{len(sequence)}-mer", (len(listed) + number) / whole)
        ladder = _fold(sequence, dimension, best, order=order)
        spent.append(ladder.found_after)
        title = f"{len(sequence)}-mer, {dimension}D, {sequence[:12]}...: lowest energy"
        rows.append(exact_comparison(title, ladder.best_energy, known=best, origin="best known"))
    data: dict[str, list[Any]] = {
        "sequence": [case[0] for case in folded], "dimension": [case[1] for case in folded],
        "best known": [case[2] for case in folded], "evaluations": spent,
    }  # fmt: skip
    return Redrawn(tuple(rows), _NOTES, data, lambda figure: _draw(figure, folded, spent), size=(7.0, 3.6))


def _fold(sequence: str, dimension: int, best: int, *, order: Order) -> Ladder:
    protein = hp_protein(sequence, dimension=dimension)
    steps = np.tile(np.geomspace(COLDEST, HOTTEST, RUNGS), LADDERS)
    ladder = Ladder(protein, steps, RUNGS, np.random.default_rng(order.seed), order.workers)
    while ladder.best_energy > best and ladder.evaluations < MOST:
        ladder.round()
    return ladder


_NOTES = paragraphs("""
Conformations are counted up to the eight symmetries of the square; a chain and its reverse are two.

Folding is replica exchange by pulls at six temperatures from 0.26 to 0.56, three ladders, from the seed of the order;
a best-known energy is no proof that there is none lower.
""")


def _draw(figure: Figure, folded: list[tuple[str, int, int]], spent: list[int]) -> None:
    axes = figure.subplots()
    names = [f"{len(sequence)}-mer, {dimension}D ({best})" for sequence, dimension, best in folded]
    axes.barh(names, np.maximum(spent, 1), color=ACCENT)
    axes.set_xscale("log")
    axes.set_xlabel("energy evaluations until the best-known energy", color=INK)
    axes.invert_yaxis()
    tidy(axes)
