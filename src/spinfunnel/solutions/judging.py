"""A network judged: its solutions, the same for shuffled labels, measures, verdict and pictures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spinfunnel.atlas import Atlas
from spinfunnel.landscape import InputError, Progress, Run, no_progress
from spinfunnel.landscape.estimate import Measurement
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.alignment import told
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.null.compare import over_ensemble
from spinfunnel.pipeline.plan import describe
from spinfunnel.pipeline.study import Study
from spinfunnel.solutions.network_curvature import bending, bending_told
from spinfunnel.solutions.pictures import drawn
from spinfunnel.solutions.schedule import Schedule, schedule, tuned
from spinfunnel.solutions.solution_measures import NATIVE_SHARE, against_null, measure_solutions
from spinfunnel.solutions.trained import judge_solutions
from spinfunnel.solutions.training_map import Solutions, map_solutions
from spinfunnel.version import __version__

__all__ = ["SHUFFLED_LABELS", "is_network", "judge_network", "network_study"]

SHUFFLED_LABELS = "shuffled_labels"
"""Name of the null: the same network on the same inputs with the labels dealt at random."""


def is_network(landscape: object) -> bool:
    """Whether a landscape is a neural network (asked without importing PyTorch)."""
    return type(landscape).__name__ == "NetworkLandscape" and hasattr(landscape, "shuffled_labels")


def judge_network(
    landscape: NetworkLandscape,
    *,
    seed: int = 0,
    quick: bool = False,
    nulls: bool | int = True,
    align: bool = True,
    atlas: Atlas | str | None = None,
    explorer: str = "training",
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Study:
    """Train a network from many starts, map its solutions, compare them with shuffled labels and judge.

    Parameters
    ----------
    landscape : NetworkLandscape
    seed : int
        Of starts, batches, and shuffled labels.
    quick : bool
        Fewer and shorter runs: well under a minute for a small network.
    nulls : bool or int
        Whether to compare with shuffled labels, or with how many draws of them (2 at least).
    align : bool
        Whether units are aligned before paths are sought.
    atlas : Atlas or path, optional
        Finished trainings and paths are kept there and not computed again.
    explorer : str
        ``training:option=value,...`` sets what else is chosen by the cost of the network (`schedule.OPTIONS`).
    workers : int, optional
        Trainings at once; all cores unless given. The result does not depend on it.
    progress : callable

    Raises
    ------
    InputError
        For training that diverges, a model whose units cannot be exchanged as they seem to, and what the atlas refuses.
    """
    if isinstance(atlas, str):
        with Atlas(atlas) as book:
            return judge_network(
                landscape,
                seed=seed,
                quick=quick,
                nulls=nulls,
                align=align,
                atlas=book,
                explorer=explorer,
                workers=workers,
                progress=progress,
            )
    network = Batched(landscape)
    plan = tuned(schedule(network, quick=quick), explorer)
    with suited_threads(network):
        return _judged(
            landscape,
            plan,
            seed=seed,
            quick=quick,
            nulls=nulls,
            align=align,
            atlas=atlas,
            workers=workers,
            progress=progress,
        )


def _judged(
    landscape: NetworkLandscape,
    plan: Schedule,
    *,
    seed: int,
    quick: bool,
    nulls: bool | int,
    align: bool,
    atlas: Atlas | None,
    workers: int | None,
    progress: Progress,
) -> Study:
    began = time.perf_counter()
    if nulls is not True and nulls is not False:
        plan = replace(plan, null_samples=int(nulls))
    rounds = 1.0 + (plan.null_samples * plan.null_networks / plan.networks if nulls is not False else 0.0)
    common: dict[str, Any] = {"atlas": atlas, "align": align, "workers": workers}
    found = map_solutions(landscape, plan=plan, seed=seed, progress=_part(progress, 0.0, 0.9 / rounds), **common)
    others: list[Solutions] = []
    if nulls is not False and _has_labels(landscape):
        for draw in range(plan.null_samples):
            low = 0.9 * (1.0 + (rounds - 1.0) * draw / plan.null_samples) / rounds
            high = 0.9 * (1.0 + (rounds - 1.0) * (draw + 1) / plan.null_samples) / rounds
            shuffled = landscape.shuffled_labels(1000 * seed + draw)
            told = _part(progress, low, high, prefix="shuffled labels: ")
            fewer = plan.of_null(rounds=found.rounds)
            others.append(map_solutions(shuffled, plan=fewer, seed=seed + draw + 1, progress=told, **common))
    progress("Hessian", 0.9)
    study = network_study(found, others, seed=seed, seconds=time.perf_counter() - began)
    bent = bending(found, quick=quick, seed=seed)
    known = study.details["network"] | {"hessian": bending_told(bent)}
    told = _part(progress, 0.92, 1.0)
    figures = drawn(found, bent, others, quick=quick, seed=seed, progress=told)
    return replace(study, figures=figures, details={"network": known})


def network_study(found: Solutions, others: Sequence[Solutions], *, seed: int, seconds: float) -> Study:
    """Measures, nulls and verdict of solutions that are there."""
    measures = measure_solutions(found) | against_null(found, others)
    ensembles: dict[str, dict[str, Measurement]] = {}
    if len(others) >= 2:
        rows = [measure_solutions(other) for other in others]
        ensembles[SHUFFLED_LABELS] = {name: over_ensemble([row[name] for row in rows]) for name in rows[0]}
    verdict = judge_solutions(measures, starts=found.starts, nulls=ensembles)
    if found.reason and found.pairs:
        verdict = replace(verdict, reason=f"{verdict.reason}; {told(found.reason)}")
    evaluations = found.evaluations + sum(other.evaluations for other in others)
    run = Run("training", {}, seed, __version__, evaluations, seconds, "finished", False)
    return Study(
        describe(found.landscape),
        run,
        found.graph(native_tolerance=NATIVE_SHARE * found.scale),
        measures,
        ensembles,
        {SHUFFLED_LABELS: len(others)} if ensembles else {},
        verdict,
        details={"network": details(found)},
    )


def details(found: Solutions) -> dict[str, Any]:
    """What is known of every solution and every pair, as plain numbers."""
    minima = []
    for number, key in enumerate(found.keys()):
        row: dict[str, Any] = {
            "key": key,
            "energy": float(found.energy[number]),
            "starts": int(found.visits[number]),
            "gradient_norm": float(found.slope[number]),
            "train_loss": float(found.train[number]),
        }
        for name, values in (
            ("test_loss", found.test),
            ("train_accuracy", found.train_accuracy),
            ("test_accuracy", found.test_accuracy),
        ):
            if len(values):
                row[name] = float(values[number])
        minima.append(row)
    pairs = [
        {
            "minima": [pair.one, pair.two],
            "linear_barrier": pair.linear.barrier,
            "aligned_barrier": pair.aligned.barrier,
            **({} if pair.curved is None else {"curved_barrier": pair.curved.barrier}),
            "saddle_at_most": pair.saddle,
        }
        for pair in found.pairs
    ]
    return {
        "energy_scale": found.scale,
        "random_start_energy": float(np.mean(found.start_energy)),
        "polished": found.polished,
        "epochs": found.epochs,
        "rounds_of_training": found.rounds + 1,
        "alignment": told(found.reason),
        "solutions": minima,
        "pairs": pairs,
    }


def _has_labels(landscape: NetworkLandscape) -> bool:
    try:
        landscape.shuffled_labels(0)
    except InputError:
        return False
    return True


def _part(progress: Progress, low: float, high: float, *, prefix: str = "") -> Progress:
    def told(stage: str, done: float) -> None:
        progress(f"{prefix}{stage}", low + (high - low) * done)

    return told
