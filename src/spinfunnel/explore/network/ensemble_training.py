"""The map of a network: many trained solutions, aligned, and the paths that join them.

Solutions are minima; the highest energy on the lowest path found between two of them bounds their saddle from above.
Where two searches end in one minimum up to a symmetry of the network, it is one minimum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spinfunnel.explore.network.network_jobs import Answer, Job, Jobs, key_of
from spinfunnel.explore.network.schedule import POLISHING, SETTLED, Schedule, schedule, tuned
from spinfunnel.explore.network.solution_paths import connected, records_of
from spinfunnel.explore.remembering import Forgetful, Memory
from spinfunnel.landscape import Budget, Clock, Effort, Facts, InputError, Progress, Record, no_progress
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.alignment import Alignment
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.paths import straight
from spinfunnel.network.solutions import Solutions
from spinfunnel.network.training import Settled, settle

__all__ = ["explore", "explore_by", "start_of"]

Floats = NDArray[np.float64]

SAME_DISTANCE = 0.02
"""Relative distance of two aligned solutions below which they may be one minimum."""
SAME_RISE = 1e-4
"""Rise of the energy on the way between, in units of the energy of a random start, above which they are two."""
TRAINING = 0.7
"""Share of the time that trainings may take; the rest is for the paths between their ends."""
FEWEST = 2
"""Trainings that are begun however little time there is: of one nothing can be compared."""


def explore(
    landscape: NetworkLandscape,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    memory: Memory | None = None,
    quick: bool = False,
    align: bool = True,
    networks: int = 0,
    rounds: int = -1,
    optimiser: str = "",
    epochs: int = -1,
    batch: int = 0,
    rate: float = 0.0,
    momentum: float = -1.0,
    noise: float = -1.0,
    dropout: float = -1.0,
    temperature: float = -1.0,
) -> Iterator[list[Record]]:
    """Train from many starts, align the ends and join them by paths.

    Parameters
    ----------
    landscape : NetworkLandscape
    seed : int
        Of starts and batches.
    workers : int
        Trainings at once. The result does not depend on it.
    progress : callable
    budget : Budget, optional
        Trainings and paths end, with what they have, when its time is over.
    memory : Memory, optional
        Where finished trainings and paths are kept, and recalled.
    quick : bool
        Fewer and shorter runs: well under a minute for a small network.
    align : bool
        Whether units are aligned before paths are sought.
    networks, rounds, optimiser, epochs, batch, rate, momentum, noise, dropout, temperature
        Of `Schedule` and `Recipe`; chosen by the cost of the network unless given.

    Raises
    ------
    InputError
        When training diverges, or an alignment turns out to change the function of a solution.
    """
    unset: dict[str, Any] = {
        "networks": 0, "rounds": -1, "optimiser": "", "epochs": -1, "batch": 0, "rate": 0.0, "momentum": -1.0,
        "noise": -1.0, "dropout": -1.0, "temperature": -1.0,
    }  # fmt: skip
    values: dict[str, Any] = {
        "networks": networks, "rounds": rounds, "optimiser": optimiser, "epochs": epochs, "batch": batch, "rate": rate,
        "momentum": momentum, "noise": noise, "dropout": dropout, "temperature": temperature,
    }  # fmt: skip
    network = Batched(landscape)
    given = {name: value for name, value in values.items() if value != unset[name]}
    plan = tuned(schedule(network, quick=quick), given)
    yield []
    yield from explore_by(
        plan, network, seed=seed, workers=workers, budget=budget, memory=memory, align=align, progress=progress
    )


def explore_by(
    plan: Schedule,
    network: Batched,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    memory: Memory | None = None,
    align: bool = True,
) -> Iterator[list[Record]]:
    """Explore by a schedule; see `explore`."""
    drops = network.has_dropout or bool(plan.recipe.dropout)
    jobs = Jobs(network, memory or Forgetful(), workers=workers, alone=drops)
    yield from _mapped(network.landscape, plan, jobs, clock=Clock(budget), align=align, seed=seed, progress=progress)


def _mapped(
    landscape: NetworkLandscape,
    plan: Schedule,
    jobs: Jobs,
    *,
    clock: Clock,
    align: bool,
    seed: int,
    progress: Progress,
) -> Iterator[list[Record]]:
    network = jobs.network
    alignment, unaligned = _alignment(landscape) if align else (None, "it was not asked for")
    seeds = [start_seed(seed, number) for number in range(plan.networks)]
    starts = torch.stack([network.fresh(each) for each in seeds])
    trained = _trained(jobs, plan, starts, seeds, until=clock.deadline(TRAINING), progress=progress)
    ends = trained.end
    with suited_threads(network):
        start_energy = network.losses(starts[: len(ends)]).double().cpu().numpy()
        energy, slope = (value.double().cpu() for value in network.gradients(ends))
        slope = slope.norm(dim=1)
    order = torch.argsort(energy, stable=True)
    scale = float(start_energy.mean() - float(energy.min()))
    kept, visits = _distinct(network, ends[order], alignment, scale=max(scale, 1e-12))
    chosen = order[torch.tensor(kept)]
    vectors = _aligned_to_first(ends[chosen], alignment)
    with suited_threads(network):
        pairs = connected(jobs, vectors, alignment, plan, until=clock.deadline(), progress=progress)
    train_loss, train_accuracy = _evaluated(landscape, vectors, "train")
    test_loss, test_accuracy = _evaluated(landscape, vectors, "test")
    found = Solutions(
        keys=tuple(key_of(vector) for vector in vectors),
        visits=np.array(visits, np.int64),
        energy=energy[chosen].cpu().numpy(),
        slope=slope[chosen].cpu().numpy(),
        start_energy=start_energy,
        train=train_loss,
        test=test_loss,
        train_accuracy=train_accuracy,
        test_accuracy=test_accuracy,
        pairs=tuple(pair.solved for pair in pairs),
        start_seed=seeds[int(chosen[0])],
        reason=unaligned,
        gain=trained.gain,
        epochs=trained.epochs,
        rounds=trained.rounds,
        polished=plan.polished,
        null=(plan.null_samples, plan.null_networks),
    )
    yield list(records_of(found, vectors, pairs))
    outcome: Any = "out of budget" if jobs.cut else "finished"
    yield [Facts(found.facts()), Effort(jobs.evaluations, outcome)]


def _alignment(landscape: NetworkLandscape) -> tuple[Alignment | None, str]:
    """The alignment, and why there is none: units that prove to be no equals are left as they are."""
    try:
        found = Alignment(landscape)
    except InputError as problem:
        return None, str(problem)
    return found, found.reason


def _aligned_to_first(vectors: Tensor, alignment: Alignment | None) -> Tensor:
    """The first solution as it is, the others aligned to it."""
    if alignment is None or not alignment.groups or len(vectors) < 2:
        return vectors
    return torch.cat([vectors[:1], alignment.all_to(vectors[1:], to=vectors[0])])


def _trained(
    jobs: Jobs, plan: Schedule, starts: Tensor, seeds: list[int], *, until: float, progress: Progress
) -> Settled:
    """Where training from every start ends; small networks are trained side by side, others in jobs of their own."""
    network = jobs.network
    side_by_side = network.plain is not None or network.size <= 1000
    together = len(starts) if side_by_side else 1
    polishing = POLISHING if plan.polished else 0
    options = {name: "none" if value is None else value for name, value in asdict(plan.recipe).items()}
    options |= {"polished": plan.polished, "rounds": plan.rounds}

    def job(first: int) -> Job:
        some, own_seeds = starts[first : first + together], seeds[first : first + together]

        def work(own: Batched, progress: Progress, until: float) -> Answer:
            found = settle(
                own, own_seeds, recipe=plan.recipe, start=some, rounds=plan.rounds, tolerance=SETTLED,
                polishing=polishing, until=until, progress=progress,
            )  # fmt: skip
            facts = {"gain": found.gain.tolist(), "epochs": found.epochs, "rounds": found.rounds}
            return Answer(list(found.end), facts, found.evaluations, found.cut)

        return Job("training", {**options, "seeds": own_seeds}, work)

    every = [job(first) for first in range(0, len(starts), together)]
    answers = jobs.done(every, progress, until=until, least=FEWEST)
    facts = [answer.facts for answer in answers]
    return Settled(
        torch.stack([vector for answer in answers for vector in answer.vectors]),
        np.array([value for fact in facts for value in fact["gain"]], np.float64),
        max(fact["epochs"] for fact in facts),
        max(fact["rounds"] for fact in facts),
        sum(answer.evaluations for answer in answers),
        jobs.cut,
    )


def _distinct(
    network: Batched, ends: Tensor, alignment: Alignment | None, *, scale: float
) -> tuple[list[int], list[int]]:
    """Numbers of the solutions that are minima of their own, ascending in energy, and how many ended in each."""
    kept: list[int] = []
    visits: list[int] = []
    for number, end in enumerate(ends):
        for place, other in enumerate(kept):
            near = end if alignment is None else alignment(end, to=ends[other])
            length = max(float(ends[other].norm()), 1e-12)
            if float((near - ends[other]).norm()) > SAME_DISTANCE * length:
                continue
            if straight(network, ends[other], near, points=5).barrier <= SAME_RISE * scale:
                visits[place] += 1
                break
        else:
            kept.append(number)
            visits.append(1)
    return kept, visits


def _evaluated(landscape: NetworkLandscape, vectors: Tensor, split: Any) -> tuple[Floats, Floats]:
    """Losses and accuracies (m,) of solutions on a split of the data; empty where they are not known."""
    if split == "test" and landscape.test is None:
        return np.zeros(0), np.zeros(0)
    found = [landscape.evaluate(vector.to(landscape.dtype), split=split) for vector in vectors]
    known = [one.accuracy for one in found if one.accuracy is not None]
    return np.array([one.loss for one in found]), np.array(known if len(known) == len(found) else [])


def start_seed(seed: int, number: int) -> int:
    """Seed of a numbered start."""
    return int(np.random.SeedSequence([seed, number, 6]).generate_state(1)[0])


def start_of(network: Batched, found: Solutions) -> Tensor:
    """Start from which the lowest solution was reached, shape (D,)."""
    return network.fresh(found.start_seed)
