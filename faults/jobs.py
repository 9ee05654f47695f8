"""A short exploration of each explorer, and what its finished run leaves in an atlas."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from spinfunnel.atlas import Atlas
from spinfunnel.explore import EXPLORERS
from spinfunnel.landscape import Budget, Landscape, Run
from spinfunnel.pipeline.run import explore
from spinfunnel.systems import landscape_from, resolve
from spinfunnel.systems.surfaces.box import box_function

__all__ = ["Job", "contents", "jobs"]

BOXED = {"grid", "downhill"}
SPINS = "sk:n=12"
NET = "network:width=2,data=xor"
LINEAR = "network:depth=0,data=xor"
CLUSTER = "lj:atoms=5"
PLANS: tuple[tuple[str, str, str, int], ...] = (
    ("flooding", SPINS, "", 0),
    ("flooding", "hp:sequence=HPPHPHHP", "", 0),
    ("training", NET, "networks=2,rounds=0,epochs=2", 0),
    ("checkpoints", NET, "quick=true", 0),
    ("climbing", CLUSTER, "starts=8,searches=8", 20_000),
    ("joining", CLUSTER, "starts=8", 3_000),
    ("connecting", CLUSTER, "starts=8", 3_000),
    ("stationary", "camel", "starts=16", 0),
    ("stationary", LINEAR, "starts=4", 0),
    ("grid", "", "", 0),
    ("downhill", "", "starts=10", 0),
    ("reading", "database", "", 0),
    ("folding", "hp:sequence=HPPHPHHPPH", "", 20_000),
    ("tempering", SPINS, "rounds=64", 20_000),
    ("samples", SPINS, "", 20_000),
    ("exchange", SPINS, "", 20_000),
    ("annealing", SPINS, "sweeps=50", 20_000),
    ("population", SPINS, "", 20_000),
    ("hopping", CLUSTER, "hops=200", 0),
    ("langevin", CLUSTER, "quenches=50,walkers=4,temperature=0.5", 0),
    ("itfix", SPINS, "", 20_000),
)
"""Explorer, system, options, and the energies that it may compute (0: all that it wants)."""


@dataclass(frozen=True, slots=True)
class Job:
    """One exploration with everything that names it."""

    name: str
    explorer: str
    landscape: Callable[[], Landscape]
    budget: Budget | None

    def run(self, target: Path | str, *, seed: int, workers: int = 1, patience: float = 30.0) -> Run:
        """Explore into an atlas, or find the finished run there."""
        with Atlas(target, patience=patience) as atlas:
            return explore(
                self.landscape(), atlas=atlas, explorer=self.explorer, seed=seed, workers=workers, budget=self.budget
            )


def jobs(folder: Path, *, threads: int | None = 1) -> list[Job]:
    """One job of each explorer and kind, those of networks where PyTorch is.

    Parameters
    ----------
    folder : Path
        For the files that they read.
    threads : int or None
        Of PyTorch. A process in which several have worked cannot be forked any more; None leaves them as they are.
    """
    torch = importlib.util.find_spec("torch") is not None
    if torch and threads is not None:
        import_module("torch").set_num_threads(threads)
    files = _files(folder, torch=torch)
    made = []
    for explorer, system, options, evaluations in PLANS:
        if system.startswith("network") and not torch:
            continue
        given = ",".join(filter(None, (options, f"file={files[explorer]}" if explorer in files else "")))
        named = f"{explorer}:{given}" if given else explorer
        budget = Budget(evaluations=evaluations) if evaluations else None
        made.append(Job(f"{explorer} {system or 'box'}", named, _maker(system, files), budget))
    missing = set(EXPLORERS.own) - {explorer for explorer, *_ in PLANS}
    if missing:
        raise AssertionError(f"faults/jobs.py has no job of {', '.join(sorted(missing))}")
    return made


def _maker(system: str, files: dict[str, Path]) -> Callable[[], Landscape]:
    if not system:
        return _box
    if system == "database":
        return lambda: landscape_from(files["database"])
    return lambda: resolve(system, seed=5)


def _box() -> Landscape:
    return box_function(
        lambda x: (x * x - 10.0 * np.cos(2.0 * np.pi * x) + 10.0).sum(axis=1),
        bounds=(-1.7, 1.6),
        name="waves",
        dimension=2,
    )


def _files(folder: Path, *, torch: bool) -> dict[str, Path]:
    """Files that explorers read: rows of bits, a database of minima, weights of trained networks."""
    generator = np.random.default_rng(0)
    samples = folder / "samples.txt"
    np.savetxt(samples, generator.integers(0, 2, (40, 12)), fmt="%d")
    database = folder / "database"
    database.mkdir()
    energies = np.sort(generator.normal(size=40))
    (database / "min.data").write_text("".join(f"{energy} 3.0 2 1 1 1\n" for energy in energies))
    joins = [(i, int(generator.integers(0, i)), energies[i] + 0.5) for i in range(1, 40)]
    (database / "ts.data").write_text("".join(f"{high} 1.0 1 {i + 1} {j + 1} 1 1 1\n" for i, j, high in joins))
    found = {"samples": samples, "database": database}
    return found | _weights(folder) if torch else found


def _weights(folder: Path) -> dict[str, Path]:
    import torch

    network: Any = resolve(NET, seed=5)
    torch.manual_seed(1)
    for number in range(2):
        torch.save(network.state(torch.randn(network.dimension, dtype=torch.float64)), folder / f"weights{number}.pt")
    return {"checkpoints": folder / "weights*.pt"}


def contents(target: Path | str) -> str:
    """Digest of all that an atlas holds of its one landscape, but for times, attempts and numbers of rows."""
    with Atlas(target, read_only=True) as atlas:
        (entry,) = atlas.landscapes()
        graph = atlas.basin_graph(entry.identity)
        held = {field.name: getattr(graph, field.name) for field in fields(graph)}
        held |= {"visits": atlas.visits(entry.identity), "minima": atlas.coordinates(entry.identity)}
        held["saddles"] = atlas.saddle_coordinates(entry.identity)
        for run in atlas.runs(entry.identity):
            held["run"] = [run.explorer, dict(run.options), run.seed, run.evaluations, run.outcome, run.exact]
            held["failures"] = dict(run.failures)
    return hashlib.sha256(json.dumps(_plain(held), sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return the value as JSON, every bit of its numbers kept."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "OU":
            return [str(value.dtype.kind), [_plain(part) for part in value.tolist()]]
        return [str(value.dtype), list(value.shape), hashlib.sha256(np.ascontiguousarray(value)).hexdigest()]
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in sorted(value.items(), key=lambda row: str(row[0]))}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value).hex()
    return value if isinstance(value, bool | int | str | None) else repr(value)
