"""Sharpening: whether the funnel gets sharper as the system grows.

Sharpness (the area above the funnel profile: the lower, the sharper) and the weight of the native funnel against the
number of spins, for a spin funnel, two spin glasses and a small neural network with its teacher's and with random
labels. Writes sharpening.png into the folder given, or into the current one. Options --samples and --large take it
further: with --samples 200 --large it maps 4,000 landscapes of up to 25 spins.
"""

import argparse
from pathlib import Path

import spinfunnel as sf

SYSTEMS = {
    "dfm": "disordered ferromagnet (funnel)",
    "ea": "Edwards-Anderson (glass)",
    "sk": "Sherrington-Kirkpatrick (glass)",
    "committee:hidden=3": "network, teacher's labels",
    "committee:hidden=3,labels=random": "network, random labels",
}
SMALL = {"shape": [(3, 3), (3, 4), (4, 4)], "n": [9, 12, 16], "inputs": [3, 4, 5]}
LARGE = {"shape": [(3, 3), (3, 4), (4, 4), (4, 5), (5, 5)], "n": [9, 12, 16, 20, 24], "inputs": [3, 4, 5, 6, 7]}


def main() -> None:
    """Sweep and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path())
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--atlas", help="keep the maps here, and go on from there")
    options = parser.parse_args()
    found = sf.sweep(
        list(SYSTEMS),
        over=LARGE if options.large else SMALL,
        samples=options.samples,
        workers=options.workers,
        atlas=options.atlas,
        measures=["minima", "funnels", "funnel_weight", "funnel_slope", "profile_area"],
    )
    print(found)
    panels = {}
    for measure in ("profile_area", "funnel_weight"):
        curves = {SYSTEMS[name]: points for name, points in found.curves(measure).items()}
        panels[measure] = curves, {SYSTEMS[name]: fit for name, fit in found.fits(measure).items()}
    figure = sf.plot.scaling_sheet(panels)
    path = options.folder / "sharpening.png"
    figure.savefig(path, dpi=150)
    print(path)


if __name__ == "__main__":  # worker processes import this file anew
    main()
