"""Basin-hopping steps and transition states per second, beside pele, scipy and ASE.

pele and ASE run in an environment of their own (pele pins an old sqlalchemy): give its interpreter with --peers. Each
program runs in turn, repeatedly; medians over the repeats are printed, by wall clock and by processor time: on a busy
machine only the latter compares. Every program counts its own hops, each a move and a quench from it; transition states
are counted when distinct, ours when proven by gradient and Hessian.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from spinfunnel.explore.smooth.climbing import explore
from spinfunnel.explore.smooth.engine import Engine
from spinfunnel.explore.smooth.hopping import BLOCK, CHAINS, hop
from spinfunnel.landscape import Budget, Saddle
from spinfunnel.systems import lennard_jones

PELE_HOPS = """
import json, sys, time
from pele.systems import LJCluster
system = LJCluster({atoms})
hopping = system.get_basinhopping(database=system.create_database(), outstream=None)
hopping.run(20)
wall, spent = time.perf_counter(), time.process_time()
hopping.run({hops})
print(json.dumps([{hops} / (time.perf_counter() - wall), {hops} / (time.process_time() - spent)]))
"""

PELE_SADDLES = """
import json, sys, time
from pele.systems import LJCluster
system = LJCluster({atoms})
database = system.create_database()
system.get_basinhopping(database=database, outstream=None).run(200)
wall, spent = time.perf_counter(), time.process_time()
minima = database.minima()
for other in minima[1:]:
    if time.perf_counter() - wall > {seconds}:
        break
    try:
        system.get_double_ended_connect(minima[0], other, database, verbosity=0, fresh_connect=True).connect()
    except Exception:
        pass
found = database.number_of_transition_states()
print(json.dumps([found / (time.perf_counter() - wall), found / (time.process_time() - spent)]))
"""

ASE_HOPS = """
import json, time
import numpy as np
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.optimize import LBFGS
from ase.optimize.basin import BasinHopping
np.random.seed(1)  # BasinHopping takes no generator; some seeds lose an atom and never come to rest
atoms = Atoms("Ar{atoms}", positions=np.random.default_rng(1).random(({atoms}, 3)) * 1.2 * {atoms} ** (1 / 3) * 1.12)
atoms.calc = LennardJones(sigma=1.0, epsilon=1.0, rc=50.0)
hopping = BasinHopping(atoms, temperature=0.8, dr=0.4, optimizer=LBFGS, fmax=1e-2, logfile=None, optimizer_logfile=None,
                       trajectory=None, local_minima_trajectory=None)
wall, spent = time.perf_counter(), time.process_time()
hopping.run({hops})
print(json.dumps([{hops} / (time.perf_counter() - wall), {hops} / (time.process_time() - spent)]))
"""


def ours_hops(atoms: int, *, hops: int, workers: int) -> tuple[float, float]:
    """Hops per second of wall clock and of processor."""
    engine = Engine(lennard_jones(atoms))
    with ThreadPoolExecutor(workers) as pool:
        list(hop(engine, pool, seed=1, hops=BLOCK * CHAINS, temperature=0.8))
        wall, spent = time.perf_counter(), time.process_time()
        made = sum(each[3] for each in hop(engine, pool, seed=2, hops=hops, temperature=0.8))
    return made / (time.perf_counter() - wall), made / (time.process_time() - spent)


def ours_saddles(atoms: int, *, seconds: float, workers: int) -> tuple[float, float]:
    """Distinct proven transition states per second of wall clock and of processor."""
    landscape = lennard_jones(atoms)
    list(explore(landscape, seed=1, starts=20, budget=Budget(evaluations=20_000)))
    wall, spent = time.perf_counter(), time.process_time()
    chunks = explore(landscape, seed=2, starts=50, wander=0, workers=workers, budget=Budget(seconds=seconds))
    found = {record.key for chunk in chunks for record in chunk if isinstance(record, Saddle)}
    return len(found) / (time.perf_counter() - wall), len(found) / (time.process_time() - spent)


def scipy_hops(atoms: int, *, hops: int) -> tuple[float, float]:
    """Hops per second of scipy's basin hopping with our compiled energy."""
    from scipy.optimize import basinhopping

    landscape = lennard_jones(atoms)

    def both(x: np.ndarray) -> tuple[float, np.ndarray]:
        energy, gradient = landscape.energy_and_gradient(x[None])
        return float(energy[0]), gradient[0]

    start = landscape.starts(np.random.default_rng(1), 1)[0]
    wall, spent = time.perf_counter(), time.process_time()
    basinhopping(
        both, start, niter=hops, T=0.8, stepsize=0.4, minimizer_kwargs={"method": "L-BFGS-B", "jac": True}, rng=1
    )
    return hops / (time.perf_counter() - wall), hops / (time.process_time() - spent)


def elsewhere(python: str, script: str) -> tuple[float, float]:
    """What a script prints that another interpreter runs."""
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    wall, spent = json.loads(done.stdout.strip().splitlines()[-1])
    return float(wall), float(spent)


def main() -> None:
    """Print a table of rates, and ours over pele's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="interpreter of an environment with pele and ASE")
    parser.add_argument("--atoms", type=int, nargs="+", default=[13, 38])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each search for transition states")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    for atoms in given.atoms:
        few = 40 if atoms < 20 else 10
        runs: dict[str, Callable[[], tuple[float, float]]] = {
            "ours, hops": lambda n=atoms: ours_hops(n, hops=8000, workers=given.workers),
            "ours, saddles": lambda n=atoms: ours_saddles(n, seconds=given.seconds, workers=given.workers),
            "scipy, hops": lambda n=atoms: scipy_hops(n, hops=200),
        }
        if given.peers:
            scripts = {
                "pele, hops": PELE_HOPS.format(atoms=atoms, hops=1000),
                "pele, saddles": PELE_SADDLES.format(atoms=atoms, seconds=given.seconds),
                "ASE, hops": ASE_HOPS.format(atoms=atoms, hops=few),
            }
            runs |= {name: lambda text=script: elsewhere(given.peers, text) for name, script in scripts.items()}
        rates: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for _ in range(given.repeats):
            for name, run in runs.items():
                rates[name].append(run())
        for name, found in rates.items():
            wall, spent = (statistics.median(column) for column in zip(*found, strict=True))
            print(f"LJ{atoms:<3d} {name:14s} {wall:10.1f} a second, {spent:10.1f} a processor second", flush=True)
        for what in ("hops", "saddles") if given.peers else ():
            pairs = zip(rates[f"ours, {what}"], rates[f"pele, {what}"], strict=True)
            ratios = [(one[0] / other[0], given.workers * one[1] / other[1]) for one, other in pairs]
            wall, spent = (statistics.median(column) for column in zip(*ratios, strict=True))
            print(
                f"LJ{atoms:<3d} {what}: {wall:.1f} times pele by the clock, {spent:.1f} on {given.workers} idle cores"
            )


if __name__ == "__main__":
    main()
