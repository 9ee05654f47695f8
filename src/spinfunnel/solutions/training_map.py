"""The map of a network: many trained solutions, aligned, and the paths that join them.

Solutions are nodes; the highest energy on the lowest path found between two of them bounds their saddle from above.
Where two searches end in one minimum up to a symmetry of the network, it is one node.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spinfunnel.atlas import Atlas
from spinfunnel.landscape import BasinGraph, InputError, Minimum, Progress, Run, Saddle, no_progress
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.alignment import Alignment
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.paths import Path, auto_neb, straight
from spinfunnel.network.training import Settled, settle
from spinfunnel.pipeline.plan import describe
from spinfunnel.solutions.keeping import Answer, Job, Keeper, key_of, state_of
from spinfunnel.solutions.schedule import POLISHING, SETTLED, Schedule
from spinfunnel.version import __version__

__all__ = ["Pair", "Solutions", "map_solutions"]

Floats = NDArray[np.float64]

SAME_DISTANCE = 0.02
"""Relative distance of two aligned solutions below which they may be one minimum."""
SAME_RISE = 1e-4
"""Rise of the energy on the way between, in units of the energy of a random start, above which they are two."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two solutions and the ways between them.

    Attributes
    ----------
    one, two : int
        Numbers of the solutions.
    linear, aligned : Path
        The straight paths, to the second solution as it is and aligned to the first.
    curved : Path or None
        The lowest path found; None for a pair that was not joined by a band.
    """

    one: int
    two: int
    linear: Path
    aligned: Path
    curved: Path | None

    @property
    def saddle(self) -> float:
        """Upper bound of the saddle between them."""
        found = [path.saddle for path in (self.linear, self.aligned, self.curved) if path is not None]
        return min(found)


@dataclass(frozen=True, slots=True, eq=False)
class Solutions:
    """What is known of a network's landscape.

    Attributes
    ----------
    landscape : NetworkLandscape
    vectors : Tensor, shape (m, D)
        Distinct solutions, aligned to the lowest, in order of their energy.
    visits : array of int64, shape (m,)
        Starts that ended in each.
    energy, slope : array of float64, shape (m,)
        On all training data, weight decay included; norm of the gradient.
    start_energy : array of float64, shape (K,)
        At the starts.
    train, test, train_accuracy, test_accuracy : array of float64, shape (m,)
        Loss without weight decay, and share of samples classified rightly; NaN-free: empty where unknown.
    pairs : tuple of Pair
    start : Tensor, shape (D,)
        Start of the lowest solution.
    reason : str
        Why units were not aligned; empty where they were.
    seconds : float
    evaluations : int
    polished : bool
    gain : array of float64, shape (K,)
        Energy that the last round of training took away, of every start; NaN where there was one round only.
    epochs, rounds : int
        Of the longest training, all rounds together, and rounds after the first.
    """

    landscape: NetworkLandscape
    vectors: Tensor
    visits: NDArray[np.int64]
    energy: Floats
    slope: Floats
    start_energy: Floats
    train: Floats
    test: Floats
    train_accuracy: Floats
    test_accuracy: Floats
    pairs: tuple[Pair, ...]
    start: Tensor
    reason: str
    seconds: float
    evaluations: int
    polished: bool
    gain: Floats
    epochs: int
    rounds: int

    @property
    def scale(self) -> float:
        """Energy of a random start above the lowest solution: the unit of all barriers."""
        return max(float(self.start_energy.mean() - self.energy.min()), 1e-12)

    @property
    def starts(self) -> int:
        """Number of starts."""
        return int(self.visits.sum())

    def keys(self) -> list[str]:
        """Keys of the solutions."""
        return [key_of(vector) for vector in self.vectors]

    def graph(self, *, native_tolerance: float = 0.0) -> BasinGraph:
        """The map as a `BasinGraph`: saddles are upper bounds, weights shares of the starts."""
        with Atlas() as book:
            number = book.begin(describe(self.landscape), explorer="training", options={}, seed=0, version=__version__)
            book.add(number, list(self.records()))
            book.finish(number, Run("training", {}, 0, __version__, self.evaluations, self.seconds, "finished", False))
            return book.basin_graph(self.landscape.identity, native_tolerance=native_tolerance)

    def records(self) -> Iterator[Minimum | Saddle]:
        """Minima, then the saddles between them."""
        keys = self.keys()
        for key, energy, visits, vector in zip(keys, self.energy, self.visits, self.vectors, strict=True):
            share = float(visits) / self.starts
            yield Minimum(key, float(energy), share, state=state_of(vector), visits=int(visits))
        for pair in self.pairs:
            best = min((path for path in (pair.linear, pair.aligned, pair.curved) if path), key=lambda p: p.saddle)
            ends = float(max(self.energy[pair.one], self.energy[pair.two]))
            joined = (keys[pair.one], keys[pair.two])
            top = best.top()
            yield Saddle(key_of(top), max(best.saddle, ends), joined, bound="upper", state=state_of(top))


def map_solutions(
    landscape: NetworkLandscape,
    *,
    plan: Schedule,
    seed: int = 0,
    atlas: Atlas | None = None,
    align: bool = True,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Solutions:
    """Train, align and connect.

    Parameters
    ----------
    landscape : NetworkLandscape
    plan : Schedule
    seed : int
    atlas : Atlas, optional
        Solutions and saddles are kept there; those it holds are not computed again.
    align : bool
        Whether units are aligned.
    workers : int, optional
        Trainings and paths at once, where single operations are too short to be shared out; all cores unless given.
    progress : callable

    Raises
    ------
    InputError
        When training diverges, or an alignment turns out to change the function of a solution.
    """
    began = time.perf_counter()
    network = Batched(landscape)
    alignment, unaligned = _alignment(landscape) if align else (None, "it was not asked for")
    starts = torch.stack([network.fresh(_start_seed(seed, k)) for k in range(plan.networks)])
    keeper = Keeper(network, atlas, seed=seed, workers=workers, drops=network.has_dropout or bool(plan.recipe.dropout))
    with suited_threads(network):
        start_energy = network.losses(starts).double().cpu().numpy()
    trained = _trained(network, plan, starts, keeper, seed=seed, progress=progress)
    ends = trained.end
    with suited_threads(network):
        energy, slope = (value.double().cpu() for value in network.gradients(ends))
        slope = slope.norm(dim=1)
    order = torch.argsort(energy, stable=True)
    scale = float(start_energy.mean() - float(energy.min()))
    kept, visits = _distinct(network, ends[order], alignment, scale=max(scale, 1e-12))
    chosen = order[torch.tensor(kept)]
    vectors = ends[chosen]
    if alignment is not None and alignment.groups:
        vectors = torch.cat([vectors[:1], alignment.all_to(vectors[1:], to=vectors[0])]) if len(kept) > 1 else vectors
    with suited_threads(network):
        pairs = _connected(network, vectors, alignment, plan, keeper, progress)
    train_loss, train_accuracy = _evaluated(landscape, vectors, "train")
    test_loss, test_accuracy = _evaluated(landscape, vectors, "test")
    return Solutions(
        landscape=landscape,
        vectors=vectors,
        visits=np.array(visits, np.int64),
        energy=energy[chosen].cpu().numpy(),
        slope=slope[chosen].cpu().numpy(),
        start_energy=start_energy,
        train=train_loss,
        test=test_loss,
        train_accuracy=train_accuracy,
        test_accuracy=test_accuracy,
        pairs=pairs,
        start=starts[chosen[0]],
        reason=unaligned,
        seconds=time.perf_counter() - began,
        evaluations=keeper.evaluations,
        polished=plan.polished,
        gain=trained.gain,
        epochs=trained.epochs,
        rounds=trained.rounds,
    )


def _alignment(landscape: NetworkLandscape) -> tuple[Alignment | None, str]:
    """The alignment, and why there is none: units that prove to be no equals are left as they are."""
    try:
        found = Alignment(landscape)
    except InputError as problem:
        return None, str(problem)
    return found, found.reason


def _trained(
    network: Batched, plan: Schedule, starts: Tensor, keeper: Keeper, *, seed: int, progress: Progress
) -> Settled:
    """Where training from every start ends; small networks are trained side by side, others in jobs of their own."""
    side_by_side = network.plain is not None or network.size <= 1000
    together = len(starts) if side_by_side else 1
    polishing = POLISHING if plan.polished else 0
    options = {name: "none" if value is None else value for name, value in asdict(plan.recipe).items()}
    options |= {"polished": plan.polished, "rounds": plan.rounds}

    def job(first: int) -> Job:
        some = starts[first : first + together]
        seeds = [_start_seed(seed, first + k) for k in range(len(some))]

        def work(own: Batched, told: Progress) -> Answer:
            found = settle(
                own,
                seeds,
                recipe=plan.recipe,
                start=some,
                rounds=plan.rounds,
                tolerance=SETTLED,
                polishing=polishing,
                progress=told,
            )
            facts = {"gain": found.gain.tolist(), "epochs": found.epochs, "rounds": found.rounds}
            return Answer(list(found.end), json.dumps(facts), found.evaluations)

        return Job("training", {**options, "first": first, "networks": len(some)}, work)

    answers = keeper.done([job(first) for first in range(0, len(starts), together)], progress)
    facts = [json.loads(answer.text) for answer in answers]
    return Settled(
        torch.stack([vector for answer in answers for vector in answer.vectors]),
        np.array([value for fact in facts for value in fact["gain"]], np.float64),
        max(fact["epochs"] for fact in facts),
        max(fact["rounds"] for fact in facts),
        sum(answer.evaluations for answer in answers),
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


def _connected(
    network: Batched,
    vectors: Tensor,
    alignment: Alignment | None,
    plan: Schedule,
    keeper: Keeper,
    progress: Progress,
) -> tuple[Pair, ...]:
    """Straight paths between all pairs; curved ones to the lowest, and along the tree of lowest straight ones."""
    count = len(vectors)
    every = [(i, j) for i in range(count) for j in range(i + 1, count)]
    if count > MOST_PAIRED:
        every = [(0, j) for j in range(1, count)] + [(j, j + 1) for j in range(1, count - 1)]
    straight_ones: dict[tuple[int, int], tuple[Path, Path]] = {}
    for number, (i, j) in enumerate(every):
        line = straight(network, vectors[i], vectors[j], points=plan.points)
        moved = vectors[j] if alignment is None else alignment(vectors[j], to=vectors[i])
        same = torch.equal(moved, vectors[j])
        straight_ones[i, j] = line, line if same else straight(network, vectors[i], moved, points=plan.points)
        keeper.evaluations += plan.points * (1 + (not same))
        progress("straight paths", (number + 1) / len(every))
    wanted = {(0, j) for j in range(1, count)} | _tree(straight_ones, count)
    chosen = [pair for pair in every if pair in wanted]
    jobs = [
        _band(straight_ones[pair][1], plan, plain=network.plain is not None, seed=every.index(pair)) for pair in chosen
    ]
    curved = dict(zip(chosen, keeper.done(jobs, progress), strict=True))
    return tuple(
        Pair(*pair, *straight_ones[pair], None if pair not in curved else _path(curved[pair])) for pair in every
    )


MOST_PAIRED = 12
"""Solutions up to which every pair is joined by a straight path."""


def _band(aligned: Path, plan: Schedule, *, plain: bool, seed: int) -> Job:
    """The job of finding the lowest path between the ends of a straight one."""
    one, two = aligned.pivots[0], aligned.pivots[-1]
    options = {"images": plan.images, "steps": plan.steps, "batch": plan.batch, "one": key_of(one), "two": key_of(two)}

    def work(own: Batched, told: Progress) -> Answer:
        band = auto_neb(
            own,
            one,
            two,
            images=plan.images,
            steps=plan.steps,
            batch=plan.batch or None,
            reads=3 if plain else 7,
            insertions=1 if plan.steps >= 100 else 0,
            seed=seed,
        )
        path = band if band.saddle <= aligned.saddle else aligned
        told("curved paths", 1.0)
        text = json.dumps({"kind": path.kind, "place": path.place.tolist(), "energy": path.energy.tolist()})
        return Answer(list(path.pivots), text, path.evaluations)

    return Job("autoneb", options, work)


def _path(answer: Answer) -> Path:
    told = json.loads(answer.text)
    return Path(told["kind"], torch.stack(answer.vectors), np.array(told["place"]), np.array(told["energy"]), 0)


def _tree(paths: dict[tuple[int, int], tuple[Path, Path]], count: int) -> set[tuple[int, int]]:
    """Minimum spanning tree of the aligned straight paths by their highest energy."""
    link = list(range(count))

    def root(node: int) -> int:
        while link[node] != node:
            node = link[node]
        return node

    found = set()
    for (i, j), _ in sorted(paths.items(), key=lambda entry: entry[1][1].saddle):
        if root(i) != root(j):
            link[root(i)] = root(j)
            found.add((i, j))
    return found


def _evaluated(landscape: NetworkLandscape, vectors: Tensor, split: Any) -> tuple[Floats, Floats]:
    if split == "test" and landscape.test is None:
        return np.zeros(0), np.zeros(0)
    found = [landscape.evaluate(vector.to(landscape.dtype), split=split) for vector in vectors]
    known = [one.accuracy for one in found if one.accuracy is not None]
    return np.array([one.loss for one in found]), np.array(known if len(known) == len(found) else [])


def _start_seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number, 6]).generate_state(1)[0])
