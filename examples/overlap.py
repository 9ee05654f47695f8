"""Energy against overlap: whether energy falls on the way to the native state.

A disordered ferromagnet (a spin funnel) beside an Edwards-Anderson spin glass of the same size.
Writes overlap.png into the folder given, or into the current one.
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

import spinfunnel as sf

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
landscapes = {
    "disordered ferromagnet": sf.systems.disordered_ferromagnet((4, 4), seed=1),
    "spin glass": sf.systems.edwards_anderson((4, 4), seed=1),
}
figure, panels = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
for axes, (title, landscape) in zip(panels, landscapes.items(), strict=True):
    sf.plot.overlap(sf.flood(landscape), axes)
    axes.set_title(title)
figure.savefig(folder / "overlap.png", dpi=150)
print(folder / "overlap.png")
