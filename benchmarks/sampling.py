"""How fast sampling is: attempted spin updates per second of one core, and the time to the best-known energy.

    python benchmarks/sampling.py                                       # ours alone
    python benchmarks/sampling.py --peers PYTHON --gset FOLDER          # beside dwave-samplers and OpenJij

PYTHON is an interpreter of an environment with dwave-samplers, openjij and dimod; FOLDER holds Gset graphs (G1.txt).
All figures are processor time of one thread, so that a busy machine spoils them little; ours and the peers' take turns,
and the ratio to the best peer is the median over the turns. The updates of the peers are those of their annealing as
they come (their own temperatures, 1000 sweeps, 20 reads). The time to the best-known energy is that of calls with other
seeds until the first that reaches it; peers are given calls of 10 reads with 100, 1000 and 10000 sweeps and judged by
the best of the three, each given up after the call that passes `--limit` seconds; OpenJij's reads with a given seed are
all the same, so it gets none. `--limit 5` keeps the glass in the plane, where peers hardly ever succeed, to minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

PEER_SWEEPS = (100, 1000, 10_000)


# ---------------------------------------------------------------------------------------------
# Peers: run by another interpreter, which has no spinfunnel


def peer_sampler(name: str, model: dict[tuple[int, ...], float]) -> Any:
    """Return a function of (reads, sweeps, seed) to the lowest energy found."""
    import dimod

    if any(len(term) > 2 for term in model):
        if name == "dwave":
            return None
        import openjij

        return lambda reads, sweeps, _: min(
            openjij.SASampler().sample_hubo(model, "SPIN", num_reads=reads, num_sweeps=sweeps).energies
        )
    linear = {term[0]: value for term, value in model.items() if len(term) == 1}
    quadratic = {term: value for term, value in model.items() if len(term) == 2}
    bqm = dimod.BinaryQuadraticModel(linear, quadratic, 0.0, "SPIN")
    if name == "dwave":
        from dwave.samplers import SimulatedAnnealingSampler

        return lambda reads, sweeps, seed: (
            SimulatedAnnealingSampler().sample(bqm, num_reads=reads, num_sweeps=sweeps, seed=seed).first.energy
        )
    import openjij

    sparse = name == "openjij sparse"
    return lambda reads, sweeps, _: (
        openjij.SASampler().sample(bqm, num_reads=reads, num_sweeps=sweeps, sparse=sparse).first.energy
    )


def run_peer(path: Path, name: str, *, target: float | None, sweeps: int, limit: float) -> dict[str, Any]:
    """Measure one peer on one problem: a throughput, or the time to a target."""
    file = np.load(path)
    model: dict[tuple[int, ...], float] = {}
    for key in file.files:
        if key.startswith("i"):
            rows = zip(file[key].tolist(), file["c" + key[1:]].tolist(), strict=True)
            model.update({tuple(row): value for row, value in rows})
    sampler = peer_sampler(name, model)
    if sampler is None:
        return {}
    size = int(file["size"])
    sampler(1, 1, 1)
    start = time.process_time()
    if target is None:
        reads = 20
        lowest = sampler(reads, sweeps, 1)
        return {"updates": size * reads * sweeps / (time.process_time() - start), "energy": lowest}
    lowest, seed = np.inf, 0
    while time.process_time() - start < limit:
        seed += 1
        lowest = min(lowest, sampler(10, sweeps, seed))
        if lowest <= target + 1e-6 * abs(target):
            return {"seconds": time.process_time() - start, "energy": lowest}
    return {"energy": lowest}


def ask_peer(interpreter: str, path: Path, name: str, **options: Any) -> dict[str, Any]:
    """Run `run_peer` in the interpreter of the peers."""
    command = [interpreter, __file__, "--worker", str(path), "--name", name, "--options", json.dumps(options)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


# ---------------------------------------------------------------------------------------------
# Ours


def our_updates(landscape: Any, *, seconds: float = 2.0) -> float:
    """Attempted flips per second of a tempering whose temperatures are set."""
    from spinfunnel.explore.sample.replica_exchange import Tempering

    run = Tempering(landscape, seed=1)
    run.tune(rounds=200)
    run.run(4)
    before, start, rounds = run.replicas.attempts, time.thread_time(), 8
    while time.thread_time() - start < seconds:
        run.run(rounds)
        rounds *= 2
    return float((run.replicas.attempts - before) / (time.thread_time() - start))


def our_time(landscape: Any, target: float, *, seed: int, limit: float) -> dict[str, Any]:
    """Time from nothing to a state of the target energy, temperatures set on the way."""
    from spinfunnel.explore.sample.replica_exchange import Tempering

    start = time.thread_time()
    run = Tempering(landscape, seed=seed, replicas=64)
    lowest = np.inf
    for rounds in [16, 32, 64, 128, 256]:
        run.tune(rounds=rounds)
        lowest = run.replicas.best()[1]
        if lowest <= target + 1e-6 * abs(target):
            break
    while lowest > target + 1e-6 * abs(target) and time.thread_time() - start < limit:
        run.run(64)
        lowest = run.replicas.best()[1]
    found = {"energy": lowest}
    if lowest <= target + 1e-6 * abs(target):
        found["seconds"] = time.thread_time() - start
    return found


def problems(gset: Path | None) -> dict[str, tuple[Any, float | None]]:
    """Problems by name, with the energy that is to be reached where it is known."""
    from spinfunnel.systems import resolve

    found: dict[str, tuple[Any, float | None]] = {
        "2D +-J 32x32": (resolve("ea:shape=32x32,bonds=bimodal,seed=1"), None),
        "SK 256": (resolve("sk:n=256,seed=1"), None),
        "p-spin p=3 n=64": (resolve("pspin:n=64,p=3,seed=1"), None),
    }
    graph = gset / "G1.txt" if gset is not None else None
    if graph is not None and graph.exists():
        landscape = resolve(str(graph))
        found["G1, 800 vertices"] = (landscape, float(landscape.terms[2][1].sum()) - 2.0 * 11624)
    else:
        found["800 vertices, 6 %"] = (resolve("maxcut:n=800,probability=0.06,seed=1"), None)
    return found


def saved(landscape: Any, folder: Path) -> Path:
    """Write a problem for the peers."""
    arrays: dict[str, Any] = {"size": landscape.size}
    for order, (rows, values) in landscape.terms.items():
        arrays[f"i{order}"], arrays[f"c{order}"] = rows, values
    path = folder / f"{landscape.identity}.npz"
    np.savez(path, **arrays)
    return path


def compare(
    name: str, landscape: Any, target: float | None, *, peers: str | None, turns: int, limit: float
) -> dict[str, Any]:
    """Measure one problem."""
    names = ["dwave", "openjij sparse", "openjij dense"] if peers else []
    if landscape.order > 2:
        names = names[1:2]
    with tempfile.TemporaryDirectory() as folder:
        path = saved(landscape, Path(folder))
        our_updates(landscape, seconds=0.1)
        updates: dict[str, list[float]] = {"spinfunnel": []}
        sweeps = 1000 if landscape.order == 2 else 20
        for _ in range(turns):
            updates["spinfunnel"].append(our_updates(landscape))
            for peer in names:
                answer = ask_peer(str(peers), path, peer, target=None, sweeps=sweeps, limit=limit)
                updates.setdefault(peer, []).append(answer["updates"])
        row: dict[str, Any] = {"problem": name, "updates": {p: statistics.median(v) for p, v in updates.items()}}
        if names:
            best = [max(updates[peer][turn] for peer in names) for turn in range(turns)]
            row["ratio"] = statistics.median(o / b for o, b in zip(updates["spinfunnel"], best, strict=True))
        if target is None:
            target = min(our_time(landscape, -np.inf, seed=seed, limit=limit / 2)["energy"] for seed in (101, 102))
        ours = [our_time(landscape, target, seed=seed, limit=limit) for seed in range(1, turns + 1)]
        row["target"], row["time"] = target, {"spinfunnel": _times(ours, limit)}
        for peer in names:
            tried = {
                s: [ask_peer(str(peers), path, peer, target=target, sweeps=s, limit=limit)]
                for s in (PEER_SWEEPS if landscape.order == 2 else (20, 100))
            }
            times = [_times(found, limit) for found in tried.values()]
            row["time"][peer] = min(times, key=lambda t: t["seconds"] or np.inf)
    return row


def _times(found: list[dict[str, Any]], limit: float) -> dict[str, Any]:
    """Total time over the number of successes, as of a memoryless search."""
    hits = [each["seconds"] for each in found if "seconds" in each]
    spent = sum(hits) + limit * (len(found) - len(hits))
    return {"seconds": spent / len(hits) if hits else None, "energy": min(each["energy"] for each in found)}


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--gset", type=Path, metavar="FOLDER")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument(
        "--limit", type=float, default=20.0, help="seconds of processor time for each search of the best energy"
    )
    parser.add_argument("--only", metavar="TEXT", default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    parser.add_argument("--options", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is not None:
        print(json.dumps(run_peer(given.worker, given.name, **json.loads(given.options)), default=float))
        return
    for name, (landscape, target) in problems(given.gset).items():
        if given.only not in name:
            continue
        row = compare(name, landscape, target, peers=given.peers, turns=given.turns, limit=given.limit)
        if given.json:
            print(json.dumps(row, default=float), flush=True)
            continue
        print(f"{row['problem']}: best-known energy {row['target']:g}")
        for who, rate in row["updates"].items():
            seconds = row["time"][who]["seconds"]
            reached = f"{seconds:9.3f} s" if seconds is not None else f"{row['time'][who]['energy']:g} only"
            print(f"  {who:16s} {rate / 1e6:9.1f} M updates/s {reached:>20s}")
        if "ratio" in row:
            print(f"  ratio to the best peer {row['ratio']:.1f}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
