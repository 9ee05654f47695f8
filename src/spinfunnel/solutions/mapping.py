"""The map of a network: many trained solutions, aligned, and the paths that join them.

Solutions are nodes; the highest energy on the lowest path found between two of them bounds their saddle from above.
Where two searches end in one minimum up to a symmetry of the network, it is one node.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spinfunnel import __version__
from spinfunnel.atlas import Atlas
from spinfunnel.exploring import describe
from spinfunnel.landscape import BasinGraph, Minimum, Progress, Run, Saddle, no_progress
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.alignment import Alignment
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.paths import Path, auto_neb, straight
from spinfunnel.network.training import Recipe, polish, train

__all__ = ["Pair", "Schedule", "Solutions", "map_solutions", "schedule"]

Floats = NDArray[np.float64]

SAME_DISTANCE = 0.02
"""Relative distance of two aligned solutions below which they may be one minimum."""
SAME_RISE = 1e-4
"""Rise of the energy on the way between, in units of the energy of a random start, above which they are two."""
PLAIN_SIZE = 20_000
POLISHED_SIZE = 1_000
"""Weights up to which every solution is brought down to a minimum to the last digits."""
POLISHING = 600
"""Most steps of each such descent."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How much is done.

    Attributes
    ----------
    networks : int
        Starts.
    recipe : Recipe
    polished : bool
        Whether solutions are brought to true minima.
    images, steps, batch : int
        Of the elastic bands; a batch of 0 is all samples.
    points : int
        Read on each straight path.
    null_samples, null_networks : int
        Draws of shuffled labels, and starts on each.
    """

    networks: int = 8
    recipe: Recipe = Recipe()  # noqa: RUF009 - frozen
    polished: bool = False
    images: int = 9
    steps: int = 200
    batch: int = 0
    points: int = 25
    null_samples: int = 3
    null_networks: int = 4

    def smaller(self) -> Schedule:
        """The same with as many starts as a null has."""
        return replace(self, networks=self.null_networks)


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
            yield Minimum(key, float(energy), share, state=_bytes(vector), visits=int(visits))
        for pair in self.pairs:
            best = min((path for path in (pair.linear, pair.aligned, pair.curved) if path), key=lambda p: p.saddle)
            ends = float(max(self.energy[pair.one], self.energy[pair.two]))
            joined = (keys[pair.one], keys[pair.two])
            top = best.top()
            yield Saddle(key_of(top), max(best.saddle, ends), joined, bound="upper", state=_bytes(top))


def schedule(network: Batched, *, quick: bool) -> Schedule:
    """Choose how much is done by what a network costs: minutes, or with `quick` well under one."""
    if network.plain is not None and network.size <= PLAIN_SIZE:
        polished = network.size <= POLISHED_SIZE
        if quick:
            return Schedule(5, Recipe(epochs=30), polished, 7, 60, 256, 15, 2, 3)
        return Schedule(8, Recipe(epochs=60), polished, 9, 160, 0, 25, 3, 5)
    if network.size <= 200 and network.samples <= 64:
        return Schedule(12 if quick else 40, Recipe(epochs=300, batch=64, rate=0.05), True, 9, 100, 0, 25, 2, 6)
    if quick:
        return Schedule(4, Recipe(epochs=8, batch=64), False, 5, 24, 128, 7, 2, 2)
    return Schedule(6, Recipe(epochs=25, batch=64), False, 7, 60, 128, 9, 3, 3)


def map_solutions(
    landscape: NetworkLandscape,
    *,
    plan: Schedule,
    seed: int = 0,
    atlas: Atlas | None = None,
    align: bool = True,
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
    progress : callable

    Raises
    ------
    InputError
        When training diverges, or exchanging units turns out to change the function.
    """
    began = time.perf_counter()
    network = Batched(landscape)
    alignment = Alignment(landscape) if align else None
    keeper = _Keeper(landscape, atlas, seed=seed)
    starts = torch.stack([network.fresh(_start_seed(seed, k)) for k in range(plan.networks)])
    with suited_threads(network):
        start_energy = network.losses(starts).double().numpy()
        ends = keeper.trained(network, plan, starts, progress)
        energy, slope = (value.double() for value in network.gradients(ends))
        slope = slope.norm(dim=1)
    order = torch.argsort(energy, stable=True)
    scale = float(start_energy.mean() - float(energy.min()))
    kept, visits = _distinct(network, ends[order], alignment, scale=max(scale, 1e-12))
    chosen = order[torch.tensor(kept)]
    vectors = ends[chosen]
    if alignment is not None and alignment.groups:
        vectors = torch.cat([vectors[:1], alignment.all_to(vectors[1:], to=vectors[0])]) if len(kept) > 1 else vectors
    pairs = _connected(network, vectors, alignment, plan, keeper, progress)
    train_loss, train_accuracy = _evaluated(landscape, vectors, "train")
    test_loss, test_accuracy = _evaluated(landscape, vectors, "test")
    return Solutions(
        landscape=landscape,
        vectors=vectors,
        visits=np.array(visits, np.int64),
        energy=energy[chosen].numpy(),
        slope=slope[chosen].numpy(),
        start_energy=start_energy,
        train=train_loss,
        test=test_loss,
        train_accuracy=train_accuracy,
        test_accuracy=test_accuracy,
        pairs=pairs,
        start=starts[chosen[0]],
        reason="" if alignment is None else alignment.reason,
        seconds=time.perf_counter() - began,
        evaluations=keeper.evaluations,
        polished=plan.polished,
    )


def key_of(vector: Tensor) -> str:
    """Identity of a solution: a hash of its weights."""
    return hashlib.sha256(_bytes(vector)).hexdigest()[:16]


# ---------------------------------------------------------------------------------------------


class _Keeper:
    """Does a job, or reads its answer from the atlas."""

    def __init__(self, landscape: NetworkLandscape, atlas: Atlas | None, *, seed: int) -> None:
        self.landscape, self.atlas, self.seed = landscape, atlas, seed
        self.evaluations = 0

    def trained(self, network: Batched, plan: Schedule, starts: Tensor, progress: Progress) -> Tensor:
        """Ends (K, D) of training from every start; a small network's side by side, a large one's one by one."""
        side_by_side = network.plain is not None or network.size <= 1000
        together = len(starts) if side_by_side else 1
        ends = []
        for first in range(0, len(starts), together):
            some = starts[first : first + together]

            def told(stage: str, done: float, at: int = first) -> None:
                progress(stage, (at + done * together) / len(starts))

            ends.append(self._trained(network, plan, some, first=first, progress=told))
        return torch.cat(ends)

    def _trained(self, network: Batched, plan: Schedule, starts: Tensor, *, first: int, progress: Progress) -> Tensor:
        options = {**_flat(asdict(plan.recipe)), "polished": plan.polished, "first": first, "networks": len(starts)}

        def work() -> tuple[list[Tensor], str, int]:
            seeds = [_start_seed(self.seed, first + k) for k in range(len(starts))]
            found = train(network, seeds, recipe=plan.recipe, start=starts, progress=progress)
            ends, spent = found.end, found.evaluations
            if plan.polished:
                ends, _, _, more = polish(network, ends, steps=POLISHING, progress=progress)
                ends, spent = ends.to(network.dtype), spent + more
            return list(ends), "", spent

        vectors, _ = self._kept("training", options, work)
        return torch.stack(vectors)

    def connected(self, one: Tensor, two: Tensor, options: dict[str, Any], work: Callable[[], Path]) -> Path:
        """The path between two solutions."""

        def found() -> tuple[list[Tensor], str, int]:
            path = work()
            text = json.dumps({"kind": path.kind, "place": path.place.tolist(), "energy": path.energy.tolist()})
            return list(path.pivots), text, path.evaluations

        named = {**options, "one": key_of(one), "two": key_of(two)}
        pivots, text = self._kept("autoneb", named, found)
        told = json.loads(text)
        place, energy = np.array(told["place"]), np.array(told["energy"])
        return Path(told["kind"], torch.stack(pivots), place, energy, 0)

    def _kept(
        self, explorer: str, options: dict[str, Any], work: Callable[[], tuple[list[Tensor], str, int]]
    ) -> tuple[list[Tensor], str]:
        """Vectors and a text that a job gave, from the atlas where it is done."""
        began = time.perf_counter()
        if self.atlas is None:
            vectors, text, spent = work()
            self.evaluations += spent
            return vectors, text
        identity, book = self.landscape.identity, self.atlas
        done = book.finished(identity, explorer=explorer, options=options, seed=self.seed)
        question = hashlib.sha256(json.dumps([explorer, options], default=str, sort_keys=True).encode()).hexdigest()
        if done is not None:
            told = json.loads(book.answer(identity, seed=self.seed, question=question) or "{}")
            where = book.coordinates(identity)
            if told and all(key in where for key in told["keys"]):
                self.evaluations += done.evaluations
                return [_vector(where[key], self.landscape) for key in told["keys"]], told["text"]
        vectors, text, spent = work()
        self.evaluations += spent
        with suited_threads(Batched(self.landscape)):
            energies = self.landscape.energy(torch.stack(vectors)).detach().double().tolist()
        minima = [
            Minimum(
                key_of(vector), energy, 1.0 / len(vectors), state=_bytes(vector), visits=int(explorer == "training")
            )
            for vector, energy in zip(vectors, energies, strict=True)
        ]
        number = book.begin(
            describe(self.landscape), explorer=explorer, options=options, seed=self.seed, version=__version__
        )
        if explorer == "training":
            book.add(number, minima)
        else:
            top = max(range(len(vectors)), key=energies.__getitem__)
            saddle = max(json.loads(text)["energy"])
            ends = (minima[0].key, minima[-1].key)
            state = _bytes(vectors[top])
            # Corners of the path are kept as states without weight, so that it can be drawn again.
            book.add(number, [*minima, Saddle(key_of(vectors[top]) + "-top", saddle, ends, bound="upper", state=state)])
        seconds = time.perf_counter() - began
        book.finish(number, Run(explorer, options, self.seed, __version__, spent, seconds, "finished", False))
        content = json.dumps({"keys": [one.key for one in minima], "text": text})
        book.keep_answer(
            identity, explorer=explorer, options=options, seed=self.seed, question=question, content=content
        )
        return vectors, text


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
    keeper: _Keeper,
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
    pairs = []
    for number, (i, j) in enumerate(every):
        line, aligned = straight_ones[i, j]
        curved = _curved(network, aligned, plan, keeper, seed=number) if (i, j) in wanted else None
        pairs.append(Pair(i, j, line, aligned, curved))
        progress("curved paths", (number + 1) / len(every))
    return tuple(pairs)


MOST_PAIRED = 12
"""Solutions up to which every pair is joined by a straight path."""


def _curved(network: Batched, aligned: Path, plan: Schedule, keeper: _Keeper, *, seed: int) -> Path:
    one, two = aligned.pivots[0], aligned.pivots[-1]
    options = {"images": plan.images, "steps": plan.steps, "batch": plan.batch}

    def work() -> Path:
        band = auto_neb(
            network,
            one,
            two,
            images=plan.images,
            steps=plan.steps,
            batch=plan.batch or None,
            reads=3 if network.plain is None else 7,
            insertions=1 if plan.steps >= 100 else 0,
            seed=seed,
        )
        return band if band.saddle <= aligned.saddle else aligned

    return keeper.connected(one, two, options, work)


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


def _flat(options: dict[str, Any]) -> dict[str, Any]:
    return {name: "none" if value is None else value for name, value in options.items()}


def _bytes(vector: Tensor) -> bytes:
    return np.ascontiguousarray(vector.detach().cpu().double().numpy(), "<f8").tobytes()


def _vector(state: bytes, landscape: NetworkLandscape) -> Tensor:
    return torch.from_numpy(np.frombuffer(state, "<f8").copy()).to(landscape.device, landscape.dtype)


def paths_of(pairs: Sequence[Pair]) -> Floats:
    """Linear, aligned and curved barriers of the pairs that have all three, shape (n, 3)."""
    rows = [(p.linear.barrier, p.aligned.barrier, p.curved.barrier) for p in pairs if p.curved is not None]
    return np.array(rows).reshape(-1, 3)
