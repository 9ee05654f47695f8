"""The calibration of the verdict, made again: samples of labelled landscapes, and the tables of docs/calibration.md.

Samples are kept in the table given as soon as they are made, so that a run that was ended goes on where it was. With
--write the table's columns that the verdict reads become docs/calibration.csv, and the tables and the figure of
docs/calibration.md are made anew. The full one, 24 bits included: --samples 6, some hours on two cores.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matplotlib.figure import Figure

from spinfunnel.calibration import collect, concluded, markdown, plan, read_samples, write_samples
from spinfunnel.calibration.labelled import READ
from spinfunnel.reproduce.calibrated import draw

DOCS = Path(__file__).parents[1] / "docs"
MARK = "<!-- From here on written by benchmarks/calibration.py. -->\n"


def main() -> None:
    """Make what is missing of the plan, then write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("keep", type=Path, help="table of samples, made where it is missing")
    parser.add_argument("--samples", type=int, default=4, help="of each family at each size; 0: none")
    parser.add_argument("--quick", action="store_true", help="12 and 16 bits only")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument(
        "--write", action="store_true", help="docs/calibration.csv and the tables of docs/calibration.md"
    )
    options = parser.parse_args()

    def progress(stage: str, done: float) -> None:
        print(f"{100 * done:5.1f} % {stage}", file=sys.stderr, flush=True)

    if options.samples:
        tasks = plan(samples=options.samples, quick=options.quick)
        collect(tasks, workers=options.workers, keep=options.keep, progress=progress)
    samples = sorted(read_samples(options.keep), key=lambda s: (s.task.family, s.task.n, s.task.seed))
    found = concluded(samples)
    text = markdown(found)
    if not options.write:
        print(text)
        return
    write_samples(DOCS / "calibration.csv", samples, columns=READ)
    sheet = Figure(figsize=(11.0, 8.6), layout="constrained")
    draw(sheet, found)
    sheet.savefig(DOCS / "calibration.png", dpi=80, facecolor="white")
    page = DOCS / "calibration.md"
    page.write_text(page.read_text(encoding="utf-8").split(MARK)[0] + MARK + "\n" + text, encoding="utf-8")


if __name__ == "__main__":  # worker processes import this file anew
    main()
