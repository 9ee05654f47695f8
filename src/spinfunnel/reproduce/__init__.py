"""Published results, made again: a table of known values beside ours, the figure, and the data behind it.

`REPRODUCTIONS` lists them; adding one is a file of this folder and a row here. Each says in its notes what differs from
its source and why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spinfunnel.landscape import InputError
from spinfunnel.landscape.plugins import Registry
from spinfunnel.reproduce.bln46 import bln
from spinfunnel.reproduce.bryngelson_wolynes import bryngelson_wolynes
from spinfunnel.reproduce.calibrated import calibration
from spinfunnel.reproduce.choromanska_spin import choromanska_spin
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn
from spinfunnel.reproduce.designs import design_vs_random
from spinfunnel.reproduce.garstecki import garstecki
from spinfunnel.reproduce.hp_benchmarks import hp_benchmarks
from spinfunnel.reproduce.itfix import iterative_fixing
from spinfunnel.reproduce.klemm import klemm
from spinfunnel.reproduce.labs import labs
from spinfunnel.reproduce.levinthal_paradox import levinthal
from spinfunnel.reproduce.levinthal_protein import levinthal_protein
from spinfunnel.reproduce.lj_clusters import lj13, lj38
from spinfunnel.reproduce.networks import draxler, goodfellow, re_basin
from spinfunnel.reproduce.sharpening_spins import sharpening_spins
from spinfunnel.reproduce.widths import ballard, choromanska, sharpening

__all__ = ["REPRODUCTIONS", "Comparison", "Order", "Redrawn", "Reproduction", "find", "targets", "write"]

DPI = 150


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One published result.

    Attributes
    ----------
    name : str
    run : callable
        ``run(order)`` makes it again and returns a `Redrawn`.
    summary : str
        What it shows, in a line.
    source : str
        Where it was published.
    """

    name: str
    run: Callable[[Order], Redrawn]
    summary: str
    source: str


REPRODUCTIONS: Registry[Reproduction] = Registry(
    "spinfunnel.reproductions",
    Reproduction,
    (
        Reproduction(
            "klemm",
            klemm,
            "funnels of spin landscapes: their number, and how much drains to the native state",
            "Klemm, Flamm, Stadler, Eur. Phys. J. B 63, 387 (2008)",
        ),
        Reproduction(
            "labs",
            labs,
            "number of minima, depth and difficulty of low autocorrelation binary strings against their length",
            "Ferreira, Fontanari, Stadler, J. Phys. A 33, 8635 (2000)",
        ),
        Reproduction(
            "bryngelson-wolynes",
            bryngelson_wolynes,
            "phase diagram of folding: unfolded, glass and folded; landscapes with a slope on their way through it",
            "Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987)",
        ),
        Reproduction(
            "garstecki",
            garstecki,
            "supergraphs: disordered ferromagnets are like model proteins, spin glasses like random sequences",
            "Garstecki, Hoang, Cieplak, Phys. Rev. E 60, 3219 (1999)",
        ),
        Reproduction(
            "hp-benchmarks",
            hp_benchmarks,
            "HP lattice proteins: conformations, ground energies and degeneracies; best-known energies to 48 monomers",
            "Lau, Dill, Macromolecules 22, 3986 (1989); Thachuk, Shmygelska, Hoos, BMC Bioinformatics 8, 342 (2007)",
        ),
        Reproduction(
            "design-vs-random",
            design_vs_random,
            "sequences designed for a structure against the same letters in random order",
            "Shakhnovich, Gutin, PNAS 90, 7195 (1993); Onuchic, Luthey-Schulten, Wolynes (1997)",
        ),
        Reproduction(
            "itfix",
            iterative_fixing,
            "iterative fixing against restarts and tempering on funnels, glasses and golf courses",
            "DeBartolo, Colubri, Jha, Fitzgerald, Freed, Sosnick, PNAS 106, 3734 (2009)",
        ),
        Reproduction(
            "levinthal",
            levinthal,
            "search time against size: blind search, golf course, glasses, funnels",
            "Levinthal (1969); Dill, Chan, Nat. Struct. Biol. 4, 10 (1997)",
        ),
        Reproduction(
            "levinthal-protein",
            levinthal_protein,
            "lattice proteins: blind search and folding time against length, folding time against temperature",
            "Levinthal (1969); Karplus, Fold. Des. 2, S69 (1997); Sali, Shakhnovich, Karplus, Nature 369, 248 (1994)",
        ),
        Reproduction(
            "bln",
            bln,
            "46-bead protein: frustrated model and its Go variant, disconnectivity graphs and verdicts",
            "Berry, Elmaci, Rose, Vekhter, PNAS 94, 9520 (1997); Miller, Wales, J. Chem. Phys. 111, 6610 (1999)",
        ),
        Reproduction(
            "choromanska-spin",
            choromanska_spin,
            "spherical p-spin model: final energies against size, index of critical points against energy",
            "Choromanska, Henaff, Mathieu, Ben Arous, LeCun, AISTATS (2015)",
        ),
        Reproduction(
            "sharpening-spins",
            sharpening_spins,
            "which landscapes fold more sharply as they grow: exponents of width, cooperativity, gap over roughness",
            "Bryngelson, Wolynes, PNAS 84, 7524 (1987); Li, Klimov, Thirumalai, Phys. Rev. Lett. 93, 268107 (2004)",
        ),
        Reproduction(
            "calibration",
            calibration,
            "labelled landscapes: how well measures tell them apart, and how often the verdict is right",
            "this project",
        ),
        Reproduction(
            "choromanska",
            choromanska,
            "networks: final losses over seeds against width, training against test loss, SGD against annealing, index",
            "Choromanska, Henaff, Mathieu, Ben Arous, LeCun, AISTATS (2015)",
        ),
        Reproduction(
            "goodfellow",
            goodfellow,
            "networks: loss on the line from start to solution, and between solutions",
            "Goodfellow, Vinyals, Saxe, ICLR (2015)",
        ),
        Reproduction(
            "draxler",
            draxler,
            "networks: barrier between solutions on straight and on curved paths",
            "Draxler, Veschgini, Salmhofer, Hamprecht, ICML (2018); Garipov et al., NeurIPS (2018)",
        ),
        Reproduction(
            "re-basin",
            re_basin,
            "networks: barrier on the straight line after renaming units, against width",
            "Ainsworth, Hayase, Srinivasa, ICLR (2023); Entezari et al., ICLR (2022)",
        ),
        Reproduction(
            "ballard",
            ballard,
            "networks: minima, saddles and funnels of a small regularised network",
            "Ballard, Das, Martiniani, Mehta, Sagun, Stevenson, Wales, PCCP 19, 12585 (2017)",
        ),
        Reproduction(
            "sharpening",
            sharpening,
            "networks: does the funnel get sharper with width, and for shuffled labels",
            "Martin, Why Does Deep Learning Work? (2015)",
        ),
        Reproduction(
            "lj13",
            lj13,
            "minima, transition states and the single funnel of 13 Lennard-Jones atoms",
            "Doye, Wales, J. Chem. Phys. 116, 3777 (2002)",
        ),
        Reproduction(
            "lj38",
            lj38,
            "the double funnel of 38 Lennard-Jones atoms, and the barrier between its bottoms",
            "Doye, Miller, Wales, J. Chem. Phys. 111, 8417 (1999)",
        ),
    ),
)


def find(name: str) -> Reproduction:
    """Reproduction of this name.

    Raises
    ------
    InputError
        Where there is none; the message names those there are.
    """
    if name not in REPRODUCTIONS:
        raise InputError(f"there is no reproduction {name!r}; there are {', '.join(REPRODUCTIONS)}")
    return REPRODUCTIONS[name]


def targets(name: str, folder: Path) -> tuple[Path, Path]:
    """Figure and data file that `write` writes."""
    return folder / f"{name}.png", folder / f"{name}.csv"


def write(name: str, redrawn: Redrawn, *, folder: Path) -> tuple[Path, Path]:
    """Write the figure and the data it draws.

    Returns
    -------
    figure, data : Path
        A PNG image and a CSV table.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sheet = Figure(figsize=redrawn.size, layout="constrained")
    FigureCanvasAgg(sheet)
    redrawn.draw(sheet)
    image, text = io.BytesIO(), io.StringIO()
    sheet.savefig(image, format="png", dpi=DPI, facecolor="white")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(redrawn.data)
    table.writerows(zip(*redrawn.data.values(), strict=True))
    figure, data = targets(name, folder)
    for path, content in ((figure, image.getvalue()), (data, text.getvalue().encode())):
        aside = path.with_name(f".{path.name}.part")
        try:
            aside.write_bytes(content)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    return figure, data
