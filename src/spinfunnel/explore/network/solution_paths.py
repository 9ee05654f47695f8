"""Paths between the solutions of a network: straight ones between all pairs, elastic bands where they matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spinfunnel.explore.network.network_jobs import Answer, Job, Jobs, key_of, state_of
from spinfunnel.explore.network.schedule import Schedule
from spinfunnel.landscape import Minimum, Progress, Saddle
from spinfunnel.network.alignment import Alignment
from spinfunnel.network.batched import Batched
from spinfunnel.network.paths import Path, auto_neb, straight
from spinfunnel.network.solutions import Pair, Solutions

__all__ = ["Joined", "connected", "records_of"]

MOST_PAIRED = 12
"""Solutions up to which every pair is joined by a straight path."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Two solutions and the paths between them, with their weights."""

    one: int
    two: int
    linear: Path
    aligned: Path
    curved: Path | None

    @property
    def solved(self) -> Pair:
        """The same without weights."""
        curved = None if self.curved is None else self.curved.way
        return Pair(self.one, self.two, self.linear.way, self.aligned.way, curved)

    @property
    def lowest(self) -> Path:
        """The path with the lowest saddle."""
        found = [path for path in (self.linear, self.aligned, self.curved) if path is not None]
        return min(found, key=lambda path: path.saddle)


def connected(
    jobs: Jobs, vectors: Tensor, alignment: Alignment | None, plan: Schedule, *, until: float, progress: Progress
) -> tuple[Joined, ...]:
    """Straight paths between all pairs; bands to the lowest, and along the tree of lowest straight ones."""
    network, count = jobs.network, len(vectors)
    every = [(i, j) for i in range(count) for j in range(i + 1, count)]
    if count > MOST_PAIRED:
        every = [(0, j) for j in range(1, count)] + [(j, j + 1) for j in range(1, count - 1)]
    lines: dict[tuple[int, int], tuple[Path, Path]] = {}
    for number, (i, j) in enumerate(every):
        line = straight(network, vectors[i], vectors[j], points=plan.points)
        moved = vectors[j] if alignment is None else alignment(vectors[j], to=vectors[i])
        same = torch.equal(moved, vectors[j])
        lines[i, j] = line, line if same else straight(network, vectors[i], moved, points=plan.points)
        jobs.evaluations += plan.points * (1 + (not same))
        progress("straight paths", (number + 1) / len(every))
    wanted = {(0, j) for j in range(1, count)} | _tree(lines, count)
    chosen = [pair for pair in every if pair in wanted]
    bands = [_band(lines[pair][1], plan, plain=network.plain is not None, seed=every.index(pair)) for pair in chosen]
    answers = jobs.done(bands, progress, until=until, least=len(bands))
    curved = dict(zip(chosen, (_path(answer) for answer in answers), strict=True))
    return tuple(Joined(*pair, *lines[pair], curved.get(pair)) for pair in every)


def _band(aligned: Path, plan: Schedule, *, plain: bool, seed: int) -> Job:
    """The job of finding the lowest path between the ends of a straight one."""
    one, two = aligned.pivots[0], aligned.pivots[-1]
    options = {"images": plan.images, "steps": plan.steps, "batch": plan.batch, "one": key_of(one), "two": key_of(two)}

    def work(own: Batched, progress: Progress, until: float) -> Answer:
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
            until=until,
        )
        path = band if band.saddle <= aligned.saddle else aligned
        progress("curved paths", 1.0)
        facts = {"kind": path.kind, "place": path.place.tolist(), "energy": path.energy.tolist()}
        return Answer(list(path.pivots), facts, path.evaluations)

    return Job("path", options, work)


def _path(answer: Answer) -> Path:
    facts = answer.facts
    return Path(facts["kind"], torch.stack(answer.vectors), np.array(facts["place"]), np.array(facts["energy"]), 0)


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


def records_of(found: Solutions, vectors: Tensor, pairs: Sequence[Joined]) -> Iterator[Minimum | Saddle]:
    """Minima, then the saddles between them."""
    for key, energy, visits, vector in zip(found.keys, found.energy, found.visits, vectors, strict=True):
        share = float(visits) / found.starts
        yield Minimum(key, float(energy), share, state=state_of(vector), visits=int(visits))
    for pair in pairs:
        best = pair.lowest
        ends = float(max(found.energy[pair.one], found.energy[pair.two]))
        joined = (found.keys[pair.one], found.keys[pair.two])
        top = best.top()
        yield Saddle(key_of(top), max(best.saddle, ends), joined, bound="upper", state=state_of(top))
