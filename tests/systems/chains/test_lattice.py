"""Lattice proteins: conformations, moves and energies against slow twins and known counts."""

import functools
import itertools
from collections import Counter

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError
from spinfunnel.systems import hp_protein, resolve
from spinfunnel.systems.chains.conformations import LARGEST, conformation_count, conformations, walk_count
from spinfunnel.systems.chains.lattice import bond_keys, contacts_of, read_bonds, site_coordinates

UNIT = {"R": (1, 0, 0), "L": (-1, 0, 0), "U": (0, 1, 0), "D": (0, -1, 0), "F": (0, 0, 1), "B": (0, 0, -1)}


def slow_walks(n, dimension):
    """Every self-avoiding walk as a tuple of sites, from all strings of steps."""
    for steps in itertools.product([UNIT[letter] for letter in "RLUDFB"[: 2 * dimension]], repeat=n - 1):
        sites = [(0, 0, 0)]
        for step in steps:
            sites.append(tuple(a + b for a, b in zip(sites[-1], step, strict=True)))
        if len(set(sites)) == n:
            yield sites


@functools.cache
def slow_form(sites):
    """Least of all copies under the 48 symmetries (of a plane: with the third coordinate 0, the 8 are among them)."""
    best = None
    sites = [tuple(a - b for a, b in zip(site, sites[0], strict=True)) for site in sites]
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            copy = tuple(tuple(sign * site[axis] for axis, sign in zip(order, signs, strict=True)) for site in sites)
            best = copy if best is None or copy < best else best
    return best


def form_of(bonds, dimension):
    sites = np.zeros((len(bonds) + 1, 3), int)
    sites[:, :dimension] = site_coordinates(bonds, dimension=dimension)
    return slow_form(tuple(tuple(site) for site in sites.tolist()))


@pytest.mark.parametrize(("n", "dimension"), [(4, 2), (7, 2), (4, 3), (5, 3)])
def test_conformations_are_all_walks_up_to_symmetry(n, dimension):
    copies = Counter(slow_form(tuple(sites)) for sites in slow_walks(n, dimension))
    space = conformations(n, dimension)
    found = {form_of(bonds, dimension): int(many) for bonds, many in zip(
        space.bonds(np.arange(space.states)), space.multiplicity, strict=True)}  # fmt: skip
    assert found == dict(copies)


@pytest.mark.parametrize(("n", "dimension"), [(2, 2), (3, 2), (9, 2), (14, 2), (2, 3), (5, 3), (11, 3)])
def test_counts_are_the_published_ones(n, dimension):
    space = conformations(n, dimension, workers=2)
    assert space.states == conformation_count(n, dimension)
    assert int(space.multiplicity.sum(dtype=np.int64)) == walk_count(n, dimension)
    assert (np.diff(space.code) > 0).all()


def test_known_counts_up_to_the_symmetry_of_the_square():
    assert conformation_count(18, 2) == 5_808_335
    assert conformation_count(20, 2) == 41_889_578
    # The asymptotic law, beyond the table.
    assert conformation_count(28, 2) == pytest.approx(881317491628 / 8, rel=1e-6)
    assert walk_count(60, 2) is None
    assert conformation_count(48, 3) == pytest.approx(1.2153 * 4.684044**47 * 47**0.15695 / 48, rel=1e-6)


def plain_moves(sites, kind, dimension):
    """Slow twin: every chain that one move of a kind makes of a chain of sites."""
    n, taken = len(sites), set(sites)
    steps = [UNIT[letter] for letter in "RLUDFB"[: 2 * dimension]]

    def add(a, b):
        return tuple(x + y for x, y in zip(a, b, strict=True))

    def beside(a, b):
        return sum(abs(x - y) for x, y in zip(a, b, strict=True)) == 1

    def whole(chain):
        return len(set(chain)) == n and all(beside(a, b) for a, b in itertools.pairwise(chain))

    found = []
    for one in range(n):  # one monomer goes elsewhere
        for step in steps:
            anchor = sites[1] if one == 0 else sites[one - 1]
            chain = [*sites[:one], add(anchor, step), *sites[one + 1 :]]
            if chain != list(sites) and whole(chain):
                found.append(tuple(chain))
    if kind == "pull":
        return found + slow_pulls(sites, steps, taken, add, beside)
    found += slow_crankshafts(sites, steps, add, beside, whole)
    return found + (slow_pivots(sites, dimension, add, whole) if kind == "pivot" else [])


def slow_crankshafts(sites, steps, add, beside, whole):
    n, found = len(sites), []
    for one in range(1, n - 2):  # crankshafts: two monomers between neighbours
        if beside(sites[one - 1], sites[one + 2]):
            for step in steps:
                pair = [add(sites[one - 1], step), add(sites[one + 2], step)]
                chain = [*sites[:one], *pair, *sites[one + 2 :]]
                if chain != list(sites) and whole(chain):
                    found.append(tuple(chain))
    return found


def slow_pivots(sites, dimension, add, whole):
    n, found = len(sites), []
    for a, b in [(0, 1), (1, 2), (2, 0)][: 1 if dimension == 2 else 3]:
        for turns, joint in itertools.product((1, 2, 3), range(1, n - 1)):
            chain = list(sites[: joint + 1])
            for site in sites[joint + 1 :]:
                away = [x - y for x, y in zip(site, sites[joint], strict=True)]
                for _ in range(turns):
                    away[a], away[b] = -away[b], away[a]
                chain.append(add(sites[joint], away))
            if whole(chain) and chain != list(sites):
                found.append(tuple(chain))
    return found


def slow_pulls(sites, steps, taken, add, beside):
    n, found = len(sites), []
    for way in (1, -1):  # toward the front by turning the chain round
        chain = list(sites)[::way]
        for i in range(1, n - 1):
            for step in steps:
                there = add(chain[i + 1], step)
                corner = tuple(a + b - c for a, b, c in zip(there, chain[i], chain[i + 1], strict=True))
                diagonal = sum((a - b) ** 2 for a, b in zip(there, chain[i], strict=True)) == 2
                if there in taken or not diagonal or corner in taken:
                    continue
                found.append(tuple(slow_follow(chain, {i: there, i - 1: corner}, i - 2, beside)[::way]))
        for step, further in itertools.product(steps, steps):
            near = add(chain[0], step)
            far = add(near, further)
            if near not in taken and far not in taken and not beside(far, chain[1]):
                turned = slow_follow(chain[::-1], {n - 1: far, n - 2: near}, n - 3, beside, end=True)
                found.append(tuple(turned[::-1][::way]))
    return found


def slow_follow(chain, moved, k, beside, *, end=False):
    """Monomers before `k` follow two places, until the chain is whole."""
    new = dict(moved)
    if end:
        while k >= 0 and not beside(chain[k], new[k + 1]):
            new[k] = chain[k + 2]
            k -= 1
        return [new.get(i, site) for i, site in enumerate(chain)]
    while k >= 0 and not beside(chain[k], new[k + 1]):
        new[k] = chain[k + 2]
        k -= 1
    return [new.get(i, site) for i, site in enumerate(chain)]


@pytest.mark.parametrize("moves", ["local", "pivot", "pull"])
@pytest.mark.parametrize(("n", "dimension"), [(7, 2), (5, 3)])
def test_moves_are_those_of_the_slow_twin(n, dimension, moves):
    space = conformations(n, dimension)
    offsets, neighbours = space.rows(slice(None), moves=moves)
    bonds = space.bonds(np.arange(space.states))
    number = {form_of(row, dimension): state for state, row in enumerate(bonds)}
    for state, row in enumerate(bonds):
        sites = np.zeros((n, 3), int)
        sites[:, :dimension] = site_coordinates(row, dimension=dimension)
        made = plain_moves([tuple(site) for site in sites.tolist()], moves, dimension)
        found = set(neighbours[offsets[state] : offsets[state + 1]].tolist())
        assert found - {state} == {number[slow_form(chain)] for chain in made} - {state}


@pytest.mark.parametrize("moves", ["local", "pivot", "pull"])
@pytest.mark.parametrize(("n", "dimension"), [(4, 2), (9, 2), (11, 2), (5, 3), (8, 3)])
def test_plain_moves_lead_both_ways_as_often(n, dimension, moves):
    space = conformations(n, dimension)
    offsets, neighbours = space.rows(slice(None), moves=moves)
    row = np.repeat(np.arange(space.states), np.diff(offsets))
    flow = csr_matrix((space.multiplicity[row].astype(int), (row, neighbours)), shape=(space.states,) * 2)
    assert (flow != flow.T).nnz == 0
    assert connected_components(flow)[0] == 1 or moves == "local"


def test_rows_of_any_states_are_those_of_all():
    space = conformations(9, 2)
    offsets, neighbours = space.rows(slice(None), moves="pull")
    chosen = np.array([700, 3, 3, 55])
    some, near = space.rows(chosen, moves="pull")
    for place, state in enumerate(chosen):
        assert np.array_equal(near[some[place] : some[place + 1]], neighbours[offsets[state] : offsets[state + 1]])


@pytest.mark.parametrize(("n", "dimension"), [(10, 2), (8, 3)])
def test_energies_are_sums_over_contacts(n, dimension):
    protein = hp_protein("HHPHPPHHPH"[:n], dimension=dimension)
    listed, space = protein.list_states(), conformations(n, dimension)
    every = space.bonds(np.arange(space.states))
    sticky = [letter == "H" for letter in str(protein.parameters["sequence"])]
    slow = [-sum(sticky[i] and sticky[j] for i, j in contacts_of(row, dimension=dimension)) for row in every]
    assert np.array_equal(listed.energies, slow)
    assert np.array_equal(protein.energy(every[:50]), slow[:50])


def test_overlap_is_the_share_of_native_contacts():
    protein = hp_protein("HHPHPPHHPH")
    listed, space = protein.list_states(), conformations(10, 2)
    natives = np.flatnonzero(listed.energies == listed.energies.min())
    maps = [set(contacts_of(row, dimension=2)) for row in space.bonds(natives)]
    slow = [max(len(own & native) / len(native) for native in maps) for own in (
        set(contacts_of(row, dimension=2)) for row in space.bonds(np.arange(space.states)))]  # fmt: skip
    assert np.allclose(listed.overlap(natives), slow)


KNOWN = [("hhppppphhppphppphp", -4, 1), ("hphphhhppphhhhpphh", -8, 1), ("phpphphhhphhphhhhh", -9, 1)]


@pytest.mark.parametrize(("sequence", "ground", "degeneracy"), KNOWN)
def test_ground_states_of_benchmark_sequences(sequence, ground, degeneracy):
    energies = hp_protein(sequence).list_states(workers=2).energies
    assert len(energies) == 5_808_335
    assert energies.min() == ground
    assert (energies == ground).sum() == degeneracy


def test_a_shuffled_sequence_keeps_its_composition():
    protein = hp_protein("HPHPPHHPHPPH")
    other = protein.shuffled(3)
    assert other.identity != protein.identity
    assert sorted(np.diag(other.pair)) == sorted(np.diag(protein.pair))
    assert flood(other).census.states == flood(protein).census.states


def test_keys_are_read_back():
    space = conformations(9, 3)
    bonds = space.bonds(np.arange(0, space.states, 17))
    for key, row in zip(bond_keys(bonds).tolist(), bonds, strict=True):
        assert np.array_equal(read_bonds(key, dimension=3), row)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("hp:sequence=HPXH", "written in H and P"),
        ("hp:sequence=HPH", "length of sequence=3 is out of range"),
        ("hp:dimension=4", "dimension=4 is out of range"),
        ("hp:moves=jump", "moves=jump is unknown"),
    ],
)
def test_what_is_no_protein_is_refused_in_one_sentence(spec, said):
    with pytest.raises(InputError, match=said):
        resolve(spec)


def test_a_chain_too_long_is_not_listed():
    long = hp_protein("HP" * 18)
    assert long.plain_states() is None
    with pytest.raises(InputError, match="sample it instead"):
        long.list_states()
    assert LARGEST[2] < 36
