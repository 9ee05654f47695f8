"""Branches of the merge tree, and which of them a picture draws.

Every minimum owns one branch: it begins at the minimum and ends where a lower minimum's superbasin
takes it in. Death minus birth is the minimum's persistence (Edelsbrunner, Letscher, Zomorodian,
Discrete Comput. Geom. 28, 511, 2002); the pictures leave out the least persistent first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.tree import MergeTree

__all__ = ["Branches", "branches"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """The merge tree as one branch per minimum, and the selection that is drawn.

    Attributes
    ----------
    birth, death : array of float64, shape (m,)
        Energy of each minimum, and of the merge in which a lower minimum takes it in (inf at the lowest of each
        connected part).
    joined : array of int64, shape (m,)
        The lower minimum that takes it in, -1 at the lowest of each connected part. Always smaller than the own number.
    kept : array of int64, shape (k,)
        Minima that are drawn, ascending: the k most persistent, those of the ground state's part first. With a branch
        the one that takes it in is kept as well.
    home : array of int64, shape (m,)
        The kept minimum into whose branch each minimum has merged when only the kept ones are told apart; itself for a
        kept one, -1 in a connected part none of which is kept.
    """

    birth: Floats
    death: Floats
    joined: Ints
    kept: Ints
    home: Ints

    @property
    def omitted(self) -> int:
        """Number of minima without a branch of their own in the picture."""
        return len(self.birth) - len(self.kept)

    @property
    def parts(self) -> int:
        """Number of parts that no saddle joins."""
        return int(np.count_nonzero(self.joined < 0))

    def minimax(self, one: int, two: int) -> float:
        """Height of the lowest pass between two different minima, inf where there is none."""
        highest = -np.inf
        while one != two:
            if self.death[two] < self.death[one] or (self.death[two] == self.death[one] and two > one):
                one, two = two, one
            if self.joined[one] < 0:
                return float("inf")
            highest = max(highest, float(self.death[one]))
            one = int(self.joined[one])
        return highest


def branches(tree: MergeTree, *, limit: int | None = None) -> Branches:
    """Split a merge tree into branches and keep the most persistent ones.

    Parameters
    ----------
    tree : MergeTree
    limit : int or None
        Largest number of branches to keep; None keeps all.

    Returns
    -------
    Branches
        The minimax height of any two kept minima is that of the full tree.

    Examples
    --------
    >>> tree = MergeTree(
    ...     3, np.array([4, 3, 3, 4, -1]), np.array([-2.0, -1.0, 0.0, 0.5, 1.0]), np.array([0, 1, 2, 1, 0])
    ... )
    >>> split = branches(tree, limit=2)
    >>> split.death.tolist(), split.joined.tolist(), split.kept.tolist(), split.home.tolist()
    ([inf, 1.0, 0.5], [-1, 0, 1], [0, 1], [0, 1, 1])
    >>> split.minimax(0, 2)
    1.0
    """
    size = tree.leaves
    death, joined = np.full(size, np.inf), np.full(size, -1, np.int64)
    child = np.flatnonzero(tree.parent >= 0)
    parent = tree.parent[child]
    ends = tree.lowest[child] != tree.lowest[parent]
    leaf = tree.lowest[child[ends]]
    death[leaf], joined[leaf] = tree.energy[parent[ends]], tree.lowest[parent[ends]]
    birth = tree.energy[:size].copy()
    # The part of the ground state is drawn before any that no saddle joins to it.
    elsewhere = _homes(joined, np.flatnonzero(joined < 0)) != 0
    order = np.lexsort((-(death - birth), elsewhere))
    kept = np.sort(order if limit is None else order[: max(limit, 1)])
    return Branches(birth, death, joined, kept, _homes(joined, kept))


def _homes(joined: Ints, kept: Ints) -> Ints:
    stays = np.zeros(len(joined), bool)
    stays[kept] = True
    home = np.where(stays, np.arange(len(joined)), joined)
    while True:  # Pointer doubling: chains of any length in a logarithmic number of passes.
        further = np.where(home < 0, -1, home[home])
        if np.array_equal(further, home):
            return home
        home = further
