"""Where labelled landscapes stand between their own energies shuffled, 0, and sorted by distance, 1.

Samples are kept in the table given, one row a landscape, so that a run that was ended goes on. The printed table says
for each size how well a measure tells funnels from all else, as it is and as a position: areas under the ROC curve
with intervals over families and samples, then the worst family left out.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from spinfunnel.calibration import FAMILIES, Sample, Task, separate
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape.estimate import Estimate, between
from spinfunnel.measure import measure_all
from spinfunnel.null.energies import dealt
from spinfunnel.null.ensemble import ensemble
from spinfunnel.null.sorted_energies import sorted_by_distance

MEASURES = ("funnel_weight", "profile_area", "fitness_distance", "funnel_slope", "decoy_gap", "native_depth")
SIZES = (9, 12, 16, 20)
COUNT = 3
"""Samples of each null."""
KEPT = ("family", "n", "seed", "bits", *MEASURES, *(f"{name} position" for name in MEASURES))


def placed(family: str, n: int, seed: int) -> dict[str, str]:
    """Row of one landscape; empty where there is no answer."""
    landscape = FAMILIES[family].build(n, seed)
    own = measure_all(flood(landscape), names=MEASURES, landscape=landscape)
    nulls = [
        ensemble(landscape, null, count=COUNT, seed=seed, only=MEASURES).measures
        for null in (dealt, sorted_by_distance)
    ]
    row = {"family": family, "n": str(n), "seed": str(seed), "bits": str(landscape.size)}
    for name in MEASURES:
        position = between(own[name], nulls[0][name], nulls[1][name])
        for column, answer in ((name, own[name]), (f"{name} position", position)):
            row[column] = f"{answer.value:.6g}" if isinstance(answer, Estimate) else ""
    return row


def table(rows: list[dict[str, str]]) -> str:
    """Areas of every measure and its position at every size, as Markdown."""
    samples = [
        Sample(
            Task(row["family"], int(row["n"]), int(row["seed"])), int(row["bits"]),
            {name: Estimate.exactly(float(row[name])) for name in KEPT[4:] if row[name]}, {},
        )
        for row in rows
    ]  # fmt: skip
    sizes = sorted({sample.task.n for sample in samples})
    lines = ["| measure | " + " | ".join(f"{n} bits" for n in sizes) + " |", "| --- " * (len(sizes) + 1) + "|"]
    for name in sorted(KEPT[4:]):
        cells = []
        for n in sizes:
            found = separate(samples, name, n, pair=("funnel", "rest"), rng=np.random.default_rng([1, n]))
            if found is None:
                cells.append("")
                continue
            share = f" ({100 * found.answered:.0f} %)" if found.answered < 1.0 else ""
            value = found.area
            cells.append(f"{value.value:.2f} [{value.low:.2f}, {value.high:.2f}] {found.left_out:.2f}{share}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Make what is missing of the table, then print the areas."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("keep", type=Path, help="table of samples, made where it is missing")
    parser.add_argument("--samples", type=int, default=2, help="of each family at each size")
    options = parser.parse_args()
    rows = list(csv.DictReader(options.keep.open(encoding="utf-8"))) if options.keep.exists() else []
    done = {(row["family"], int(row["n"]), int(row["seed"])) for row in rows}
    with options.keep.open("a", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, KEPT, lineterminator="\n")
        if not rows:
            writer.writeheader()
        for n in SIZES:
            for seed in range(options.samples):
                for family in FAMILIES.values():
                    if family.made(n) and (family.name, n, seed) not in done:
                        try:
                            row = placed(family.name, n, seed)
                        except KeyError:  # a lattice that is not made of so many sites
                            continue
                        writer.writerow(row)
                        out.flush()
                        rows.append(row)
    print(table(rows))


if __name__ == "__main__":
    main()
