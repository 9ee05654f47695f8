"""Funnel terrain: a surface with exactly the landscape's barrier tree, for print and for the browser.

A disordered ferromagnet (a spin funnel) beside an Edwards-Anderson spin glass of the same size.
Writes terrain.png, and terrain.html to turn by hand, into the folder given, or into the current one.
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

import spinfunnel as sf

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
graphs = {
    "disordered ferromagnet": sf.flood(sf.systems.disordered_ferromagnet((4, 4), seed=1)),
    "spin glass": sf.flood(sf.systems.edwards_anderson((4, 4), seed=1)),
}
figure = plt.figure(figsize=(12, 5), layout="constrained")
for place, (title, graph) in enumerate(graphs.items(), start=1):
    axes = sf.plot.funnel_terrain(graph, figure.add_subplot(1, 2, place, projection="3d"))
    axes.set_title(title)
figure.savefig(folder / "terrain.png", dpi=150)
sf.plot.funnel_terrain_figure(graphs["disordered ferromagnet"]).write_html(folder / "terrain.html")
print(folder / "terrain.png")
