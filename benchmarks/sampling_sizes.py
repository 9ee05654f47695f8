"""Time and memory of a sampled map against the number of spins: both are to be linear in it.

    python benchmarks/sampling_sizes.py                                 # 2D +-J and 3D Gaussian glasses
    python benchmarks/sampling_sizes.py --sizes 1000 3000 --seconds 60  # and the time of `judge` with a budget

Rounds of tempering, quenches, floods and the states in a flood do not depend on the size. Processor seconds of one
thread, each size in a process of its own, so that peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time

SIZES = (1000, 3000, 10_000, 20_000)
ROUNDS, QUENCHES, FLOODS, POCKET = 128, 128, 128, 100


def system(kind: str, size: int) -> str:
    """Glass of about so many spins on a square or cubic lattice."""
    if kind == "2D +-J":
        side = round(math.sqrt(size))
        return f"ea:shape={side}x{side},bonds=bimodal,seed=1"
    side = round(size ** (1 / 3))
    return f"ea:shape={side}x{side}x{side},seed=1"


def measured(spec: str, seconds: float) -> dict[str, float | str]:
    """Times of the tempering and of the whole map, peak memory, and what `study` takes of a budget."""
    from spinfunnel.explore.sample import tempering as mapping
    from spinfunnel.explore.sample.replica_exchange import Tempering
    from spinfunnel.landscape import Budget
    from spinfunnel.pipeline.study import study
    from spinfunnel.systems import resolve

    for _ in mapping.explore(resolve("ea:shape=4x4"), groups=2, rounds=4, quenches=4):
        pass  # Kernels are compiled.
    landscape = resolve(spec)
    start = time.process_time()
    run = Tempering(landscape, replicas=512)
    run.tune(rounds=ROUNDS // 2)
    run.run(ROUNDS // 2, series=True)
    tempered = time.process_time() - start
    start = time.process_time()
    for _ in mapping.explore(landscape, rounds=ROUNDS, quenches=QUENCHES, floods=FLOODS, pocket=POCKET):
        pass
    row: dict[str, float | str] = {"spins": landscape.size, "tempering": tempered, "map": time.process_time() - start}
    if seconds:
        start = time.perf_counter()
        row["verdict"] = study(landscape, budget=Budget(seconds)).verdict.kind
        row["study"] = time.perf_counter() - start
    row["MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return row


def main() -> None:
    """Print a table, and the exponent of the time between the smallest and the largest size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--kinds", nargs="+", default=["2D +-J", "3D Gaussian"])
    parser.add_argument("--seconds", type=float, default=0.0, help="judge with this budget as well")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is not None:
        print(json.dumps(measured(given.worker, given.seconds)))
        return
    for kind in given.kinds:
        rows = []
        for size in given.sizes:
            command = [sys.executable, __file__, "--worker", system(kind, size), "--seconds", str(given.seconds)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            rows.append(json.loads(answer.stdout.splitlines()[-1]))
            row = rows[-1]
            judged = f"  judged {row['verdict']} in {row['study']:.1f} s" if "study" in row else ""
            print(
                f"{kind:12s} {row['spins']:6d} spins  tempering {row['tempering']:7.2f} s  map {row['map']:7.2f} s "
                f"{row['MB']:7.0f} MB{judged}",
                flush=True,
            )
        if len(rows) > 1:
            first, last = rows[0], rows[-1]
            growth = math.log(last["spins"] / first["spins"])
            print(f"    time grows as N^{math.log(last['map'] / first['map']) / growth:.2f}")


if __name__ == "__main__":
    main()
