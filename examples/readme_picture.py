"""The picture at the head of the README: a spin funnel beside a spin glass, as terrains.

A disordered ferromagnet and an Edwards-Anderson glass of twenty spins each, every state visited.
Writes funnel.png into the folder given, or into the current one.
"""

import sys
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from PIL import Image

mpl.use("Agg")
import matplotlib.pyplot as plt

import spinfunnel as sf

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
landscapes = {
    "spin funnel": sf.systems.disordered_ferromagnet((4, 5), seed=1),
    "spin glass": sf.systems.edwards_anderson((4, 5), seed=1),
}
figure = plt.figure(figsize=(16, 7), layout="constrained")
for place, (title, landscape) in enumerate(landscapes.items(), start=1):
    axes = sf.plot.funnel_terrain(sf.flood(landscape), figure.add_subplot(1, 2, place, projection="3d"), spacing=0.02)
    axes.set_title(title, fontsize=24, y=1.01)
sheet = BytesIO()
figure.savefig(sheet, dpi=100, facecolor="white")
Image.open(sheet).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(folder / "funnel.png", optimize=True)
print(folder / "funnel.png")
