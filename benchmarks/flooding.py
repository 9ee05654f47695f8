"""How fast a flood is: against the bare enumeration of the same energies, and against what else computes (part of) it.

    python benchmarks/flooding.py                 # up to 24 bits, about a minute
    python benchmarks/flooding.py --large         # also sk n=28 and n=30 (7 GB)
    python benchmarks/flooding.py --peers         # also dimod's ExactSolver and gudhi at n=20 (another minute and a
    half, 1 GB)

Each figure is the median of the repeats, all of one process on the same threads. "bare" fills an array with the
energies of the same states by the same system and does nothing else: the limit of anything that looks at every state.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import Binary, state_bits
from spinfunnel.systems import resolve

SYSTEMS = [
    "sk:n=16",
    "sk:n=20",
    "sk:n=24",
    "rem:n=20",
    "rem:n=24",
    "labs:n=20",
    "labs:n=24",
    "ea:shape=4x6",
    "dfm:shape=4x6",
]
LARGE = ["sk:n=28", "sk:n=30"]


def median_seconds(work: Callable[[], Any], *, repeats: int) -> float:
    """Median wall time of calls after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def states_of(landscape: Binary) -> int:
    """States that are enumerated: half of them where the global flip is divided out."""
    return 1 << (landscape.size - any(symmetry.is_global_flip for symmetry in landscape.symmetries))


def measure(spec: str, *, workers: int, repeats: int) -> dict[str, Any]:
    """Time the flood and the bare enumeration of one system."""
    landscape = resolve(spec)
    states = states_of(landscape)

    def bare() -> None:
        landscape.enumerate(np.empty(states), workers=workers)

    bare_seconds = median_seconds(bare, repeats=repeats)
    found = flood(landscape, workers=workers)
    seconds = median_seconds(lambda: flood(landscape, workers=workers), repeats=repeats)
    return {
        "system": spec,
        "states": states,
        "minima": found.minima,
        "seconds": seconds,
        "ns_per_state": 1e9 * seconds / states,
        "bare_ns_per_state": 1e9 * bare_seconds / states,
        "ratio_to_bare": seconds / bare_seconds,
    }


def exact_solver(spec: str) -> float:
    """Seconds of dimod's ExactSolver: energies of all states, sorted; no minima, basins or barriers."""
    import dimod

    model = resolve(spec).to_dimod()
    start = time.perf_counter()
    dimod.ExactSolver().sample(model)
    return time.perf_counter() - start


def persistence(spec: str) -> float:
    """Seconds of gudhi's SimplexTree: persistence pairs of the full hypercube, the heights of the merge tree."""
    import gudhi

    landscape = resolve(spec)
    every = np.arange(1 << landscape.size)
    energies = landscape.energy(state_bits(every, size=landscape.size))
    start = time.perf_counter()
    tree = gudhi.SimplexTree()
    tree.insert_batch(every[None, :], energies)
    for bit in range(landscape.size):
        lower = every[(every >> bit) & 1 == 0]
        pair = np.stack([lower, lower | (1 << bit)])
        tree.insert_batch(pair, energies[pair].max(axis=0))
    tree.compute_persistence(persistence_dim_max=True)
    return time.perf_counter() - start


def main() -> None:
    """Print a line a system, then the peers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="also sk n=28 and n=30")
    parser.add_argument("--peers", action="store_true", help="also dimod and gudhi at n=20")
    parser.add_argument("--systems", nargs="*", help="these systems instead")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    rows = []
    for spec in options.systems or SYSTEMS + (LARGE if options.large else []):
        row = measure(spec, workers=options.workers, repeats=options.repeats if "n=30" not in spec else 1)
        row["peak_gigabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        rows.append(row)
        print(
            json.dumps(row)
            if options.json
            else f"{spec:16} {row['states']:>11,} states {row['minima']:>8,} minima {row['seconds']:9.4f} s "
            f"{row['ns_per_state']:7.1f} ns/state; bare {row['bare_ns_per_state']:5.2f}; "
            f"ratio {row['ratio_to_bare']:6.1f}; "
            f"peak {row['peak_gigabytes']:.1f} GB",
            flush=True,
        )
    if options.peers:
        ours = next((row["seconds"] for row in rows if row["system"] == "sk:n=20"), None)
        for name, peer in (("dimod ExactSolver", exact_solver), ("gudhi SimplexTree", persistence)):
            seconds = peer("sk:n=20")
            beside = f", {seconds / ours:,.0f} times the flood" if ours else ""
            print(f"{name:16} sk:n=20 {seconds:8.2f} s{beside}", file=sys.stderr if options.json else sys.stdout)


if __name__ == "__main__":
    main()
