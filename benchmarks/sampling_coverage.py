"""How often the 95 % intervals of sampled maps hold what a flood knows: 90 to 98 % are wanted.

    python benchmarks/sampling_coverage.py sk:n=16 dfm:shape=4x4 --repeats 200

Each repeat explores anew with another seed and little effort, so that sampling errors are large enough to be seen.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

from spinfunnel.landscape.estimate import Estimate
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve

NAMES = (
    "funnel_weight", "profile_area", "rival_weight", "tf_ground_state", "tg_ground_state", "native_depth",
    "funnel_slope", "fitness_distance", "minima", "levinthal", "depth",
    "frustration",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("systems", nargs="*", default=["sk:n=16", "ea:shape=4x4", "dfm:shape=4x4", "labs:n=16"])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--explorer", default="tempering:rounds=64,quenches=1000")
    order = parser.parse_args()
    for spec in order.systems:
        landscape = resolve(spec)
        exact = study(landscape, nulls=False).measures
        inside: dict[str, list[bool]] = defaultdict(list)
        for seed in range(order.repeats):
            found = study(landscape, explorer=order.explorer, seed=seed, nulls=False, measures=NAMES).measures
            for name in NAMES:
                ours, known = found[name], exact[name]
                if isinstance(ours, Estimate) and isinstance(known, Estimate):
                    slack = 1e-9 * (1.0 + abs(known.value))
                    inside[name].append(ours.low - slack <= known.value <= ours.high + slack)
        print(spec)
        for name, held in inside.items():
            print(f"    {name:20} {100.0 * sum(held) / len(held):5.1f} % of {len(held)}", flush=True)


if __name__ == "__main__":
    main()
