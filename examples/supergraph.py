"""Supergraph: the disconnectivity graph with the dynamical connectivity drawn on it.

A disordered ferromagnet (a spin funnel) beside an Edwards-Anderson spin glass of the same size, by all direct saddles.
Writes supergraph.png into the folder given, or into the current one.
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

import spinfunnel as sf
from spinfunnel.explore.flood.direct import direct_saddles

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
landscapes = {
    "disordered ferromagnet": sf.systems.disordered_ferromagnet((4, 4), seed=1),
    "spin glass": sf.systems.edwards_anderson((4, 4), seed=1),
}
figure, panels = plt.subplots(1, 2, figsize=(12, 5.5), layout="constrained")
for axes, (title, landscape) in zip(panels, landscapes.items(), strict=True):
    sf.plot.supergraph(direct_saddles(landscape), axes)
    axes.set_xlabel(title)
figure.savefig(folder / "supergraph.png", dpi=150)
print(folder / "supergraph.png")
