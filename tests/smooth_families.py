"""Smooth maps of known kind, generated from a seed: golf courses, cubes of two-state systems, trap glasses, funnels."""

from itertools import product

import numpy as np

from spinfunnel.landscape import BasinGraph, Kind


def smooth_map(energy, saddles, *, volume=None, weight=None, visits=9) -> BasinGraph:
    """Smooth map of minima of given energies and saddles (energy, one, other), in any order."""
    energy = np.asarray(energy, float)
    order = np.argsort(energy, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    height = np.array([row[0] for row in saddles], float)
    rising = np.argsort(height, kind="stable")
    joined = np.array([row[1:] for row in saddles], np.int64).reshape(-1, 2)
    m, s = len(energy), len(height)
    return BasinGraph(
        key=np.array([f"m{k}" for k in range(m)]),
        energy=energy[order],
        weight=np.zeros(m) if weight is None else np.asarray(weight, float)[order],
        plateau=np.ones(m, np.int64),
        orbit=np.ones(m, np.int64),
        saddle_key=np.array([f"s{k}" for k in range(s)]),
        saddle_energy=height[rising],
        saddle_offsets=2 * np.arange(s + 1),
        saddle_minima=place[joined[rising]].ravel(),
        saddle_exact=np.ones(s, bool),
        exact=False,
        kind=Kind.SMOOTH,
        visits=np.full(m, visits, np.int64),
        log_volume=np.zeros(m) if volume is None else np.asarray(volume, float)[order],
        saddle_log_volume=np.zeros(s),
    )


def random_graph(n, generator, *, degree=6):
    """Edges of several closed walks through all nodes in random order: connected, degree as given or a little less."""
    edges = set()
    for _ in range(degree // 2):
        walk = generator.permutation(n).tolist()
        edges |= {(min(pair), max(pair)) for pair in zip(walk, walk[1:] + walk[:1], strict=True) if pair[0] != pair[1]}
    return sorted(edges)


def golf_course(n, seed, *, depth=30.0, noise=0.1, barrier=0.6) -> BasinGraph:
    """Flat minima, and one deep hole that is entered from one of them."""
    generator = np.random.default_rng(seed)
    energy = np.append(generator.normal(0.0, noise, n), -depth)
    edges = [*random_graph(n, generator), (int(generator.integers(n)), n)]
    return smooth_map(
        energy, [(max(energy[a], energy[b]) + barrier * generator.uniform(0.9, 1.1), a, b) for a, b in edges]
    )


def independent_systems(n, seed, *, gap=0.05, barrier=1.0) -> BasinGraph:
    """A cube of n independent systems of two states each."""
    generator = np.random.default_rng(seed)
    gaps, barriers = gap * generator.uniform(0.5, 2.0, n), barrier * generator.uniform(0.8, 1.3, n)
    states = np.arange(2**n)
    energy = ((states[:, None] >> np.arange(n)) & 1) @ gaps
    return smooth_map(
        energy, [(energy[x] + barriers[k], x, x | 1 << k) for x in states.tolist() for k in range(n) if not x >> k & 1]
    )


def trap_glass(n, seed, *, spread=1.0) -> BasinGraph:
    """Normal levels on a random graph, with all passes at one height."""
    generator = np.random.default_rng(seed)
    energy = generator.normal(0.0, spread, n)
    top = energy.max() + 0.2 * spread
    return smooth_map(energy, [(top + 0.1 * spread * generator.random(), a, b) for a, b in random_graph(n, generator)])


def guided(n, seed, *, slope=1.0, roughness=0.3, barrier=1.0) -> BasinGraph:
    """Energies that rise with the number of saddles from the lowest minimum, with roughness."""
    generator = np.random.default_rng(seed)
    edges = sorted({(int(generator.integers(k)), k) for k in range(1, n)} | set(random_graph(n, generator, degree=2)))
    around = [[] for _ in range(n)]
    for a, b in edges:
        around[a].append(b)
        around[b].append(a)
    distance, queue = {0: 0}, [0]
    for a in queue:
        for b in around[a]:
            if b not in distance:
                distance[b] = distance[a] + 1
                queue.append(b)
    energy = slope * np.array([distance[k] for k in range(n)]) + generator.normal(0.0, roughness, n)
    energy[0] = min(energy.min() - 0.2 * slope, -slope)
    return smooth_map(energy, [(max(energy[a], energy[b]) + barrier * generator.exponential(), a, b) for a, b in edges])


def two_funnels(n, seed, *, height=10.0, gap=0.3) -> BasinGraph:
    """Two of `guided`, joined at their rims at a given height above the lowest minimum."""
    generator = np.random.default_rng(seed)
    one, other = guided(n, 2 * seed), guided(n, 2 * seed + 1)
    energy = np.concatenate([one.energy - one.energy[0], other.energy - other.energy[0] + gap])
    saddles = []
    for part, shift, first in ((one, -one.energy[0], 0), (other, gap - other.energy[0], n)):
        rows = part.saddle_minima.reshape(-1, 2) + first
        saddles += [(e + shift, a, b) for e, (a, b) in zip(part.saddle_energy, rows.tolist(), strict=True)]
    rims = (np.argsort(energy[:n])[-n // 10 :], np.argsort(energy[n:])[-n // 10 :] + n)
    for a, b in zip(*(generator.permutation(rim).tolist() for rim in rims), strict=True):
        saddles.append((max(energy[a] + 0.5, energy[b] + 0.5, height), a, b))
    return smooth_map(energy, saddles)


def lattice(axes, energy_of, *, barrier) -> BasinGraph:
    """Minima on a lattice, neighbours joined over a barrier above the energy halfway between them."""
    points = list(product(*axes))
    number = {point: k for k, point in enumerate(points)}
    energy = [energy_of(np.array(point, float)) for point in points]
    saddles = []
    for point in points:
        for k in range(len(axes)):
            beside = (*point[:k], point[k] + 1, *point[k + 1 :])
            if beside in number:
                middle = energy_of(np.array(point, float) + 0.5 * np.eye(len(axes))[k])
                ends = number[point], number[beside]
                saddles.append((max(middle + barrier, *(energy[end] + 0.1 for end in ends)), *ends))
    return smooth_map(energy, saddles)
