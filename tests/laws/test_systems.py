"""Contracts that every system of the registry keeps."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.sparse import coo_matrix

from registered import named, specs
from spinfunnel.landscape import Binary, Finite, InputError, Kind, state_bits
from spinfunnel.null.energies import ShuffledEnergies
from spinfunnel.systems import SYSTEMS, resolve

pytestmark = pytest.mark.quick

MORE = {
    "sk": ["n=8,bias=2", "n=14"],
    "ea": ["shape=2x5,bonds=bimodal", "shape=2x2x3,boundary=open"],
    "dfm": ["shape=7"],
    "pspin": ["n=9,p=4", "n=9,p=2", "n=5,p=5"],
    "multiscale": ["n=10,frustration=0", "n=9,orders=2x4,levels=2", "n=8,levels=1,orders=2,frustration=0.3"],
    "rem": ["n=13,slope=1.5"],
    "hopfield": ["n=7,patterns=1"],
    "labs": ["n=12"],
    "maxcut": ["n=10,degree=3", "n=8,weights=gaussian,probability=0.7", "n=9,degree=6,weights=bimodal"],
    "partition": ["n=8,bits=20"],
    "dill-chan": ["n=5,states=4,roughness=0.3", "n=9,shape=moat", "n=9,shape=champagne", "n=4,shape=golf,states=8"],
    "committee": [
        "inputs=4,hidden=2,architecture=two-layer",
        "inputs=3,hidden=3,architecture=two-layer,activation=relu,labels=random",
        "inputs=10,architecture=perceptron,distribution=binary",
        "inputs=3,hidden=2,activation=sign,distribution=binary",
        "inputs=4,hidden=3,labels=digits",
        "inputs=4,hidden=2,labels=digits,shuffle=true,projection=pca",
    ],
    "hp": ["sequence=HHPHPPHPH,dimension=3,moves=pull"],
    "go": ["native=RULLDD,moves=pull", "n=8,dimension=3"],
    "protein": ["sequence=random,n=8,dimension=3,alphabet=three", "sequence=ACDKL", "n=9,alphabet=hp,goal=energy"],
    "heteropolymer": ["n=8,frustration=0.3,dimension=3,moves=local"],
}
"""Variants of systems beside the example that each carries."""
BINARY, CHAINS = named(Kind.BINARY), named(Kind.CHAIN)
SPECS, CHAIN_SPECS = specs(BINARY, MORE), specs(CHAINS, MORE)


def enumerated(landscape: Binary, *, workers: int = 1) -> np.ndarray:
    halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    out = np.full(1 << (landscape.size - halved), np.nan)
    landscape.enumerate(out, workers=workers)
    return out


def test_variants_are_of_systems_that_there_are() -> None:
    assert set(MORE) <= set(BINARY) | set(CHAINS)


@pytest.mark.parametrize("spec", SPECS)
def test_enumeration_is_the_energy_of_every_state(spec: str) -> None:
    landscape = resolve(spec, seed=5)
    energies = enumerated(landscape)
    direct = landscape.energy(state_bits(np.arange(len(energies)), size=landscape.size))
    # Sums of coefficients are exact, so that no order of summation shows.
    assert np.array_equal(energies, direct)
    assert np.array_equal(energies, enumerated(landscape, workers=2))
    assert not (np.signbit(energies) & (energies == 0.0)).any()


@pytest.mark.parametrize("spec", SPECS)
def test_symmetries_leave_every_energy_alone(spec: str) -> None:
    landscape = resolve(spec, seed=6)
    states = state_bits(np.arange(1 << landscape.size), size=landscape.size)
    energies = landscape.energy(states)
    for symmetry in landscape.symmetries:
        images = symmetry.apply(states)
        assert len(np.unique(images, axis=0)) == len(states)
        assert np.array_equal(landscape.energy(images), energies)


@pytest.mark.parametrize("spec", SPECS)
def test_symmetric_states_have_equal_enumerated_energies(spec: str) -> None:
    landscape = resolve(spec, seed=7)
    if getattr(landscape, "unit", 1.0) is None:
        return
    energies = np.empty(1 << landscape.size)
    landscape.enumerate(energies)
    states = state_bits(np.arange(len(energies)), size=landscape.size)
    for symmetry in landscape.symmetries:
        images = symmetry.apply(states).astype(np.int64) @ (1 << np.arange(landscape.size))
        assert np.array_equal(energies[images], energies)


@pytest.mark.parametrize("name", BINARY)
def test_identity_is_that_of_the_landscape(name: str) -> None:
    spec = SYSTEMS[name].example
    first, again, other = resolve(spec, seed=1), resolve(spec, seed=1), resolve(spec, seed=2)
    assert isinstance(first, Binary)
    assert first.identity == again.identity
    assert np.array_equal(enumerated(first), enumerated(again))
    assert np.array_equal(enumerated(first), enumerated(other)) == (first.identity == other.identity)


def test_the_seed_is_that_of_the_disorder() -> None:
    seeded = {name for name in BINARY if resolve(name, seed=1).identity != resolve(name, seed=2).identity}
    assert seeded >= {
        "sk",
        "ea",
        "dfm",
        "rfim",
        "pspin",
        "multiscale",
        "rem",
        "hopfield",
        "maxcut",
        "partition",
        "golf",
    }
    assert "labs" not in seeded


@pytest.mark.parametrize("name", BINARY)
def test_name_alone_is_a_small_example(name: str) -> None:
    landscape = resolve(name)
    assert landscape.name == name
    assert 10 <= landscape.size <= 18
    assert {entry.name for entry in SYSTEMS[name].parameters} >= set(landscape.parameters) - {"seed"}
    assert SYSTEMS[name].summary
    assert SYSTEMS[name].source
    assert "seed" in inspect.signature(SYSTEMS[name].build).parameters


@pytest.mark.parametrize("name", SYSTEMS)
def test_misspelled_parameter_is_named_with_a_suggestion(name: str) -> None:
    with pytest.raises(InputError, match="did you mean 'seed'"):
        resolve(f"{name}:sed=1")


@pytest.mark.parametrize("name", [*BINARY, "network", "quadratic", "double-well", "spherical-pspin", "xy", "bln"])
def test_sizes_out_of_range_are_refused_in_one_sentence(name: str) -> None:
    key = next(iter(inspect.signature(SYSTEMS[name].build).parameters))
    for bad in ("-3", "0", "x", "1e400", ""):
        with pytest.raises(InputError) as caught:
            resolve(f"{name}:{key}={bad}")
        assert "\n" not in str(caught.value)
        assert key in str(caught.value)


@pytest.mark.parametrize("spec", ["sk:n=9", "labs:n=9", "rem:n=8", "committee:inputs=3,hidden=3", "golf:n=6"])
def test_shuffling_keeps_energies_and_symmetries(spec: str) -> None:
    landscape = resolve(spec, seed=3)
    energies = enumerated(landscape)
    kept = energies.copy()
    null = ShuffledEnergies(landscape, 4, energies=energies)
    dealt = enumerated(null)
    assert np.array_equal(energies, kept)
    assert not np.array_equal(dealt, energies)
    assert np.array_equal(np.sort(dealt), np.sort(energies))
    assert np.array_equal(dealt, ShuffledEnergies(landscape, 4).energies)
    assert null.identity != landscape.identity != ShuffledEnergies(landscape, 5).identity
    states = state_bits(np.arange(1 << landscape.size), size=landscape.size)
    assert np.array_equal(null.energy(states[: len(dealt)]), dealt)
    for symmetry in null.symmetries:
        assert np.array_equal(null.energy(symmetry.apply(states)), null.energy(states))


@pytest.mark.parametrize("spec", CHAIN_SPECS)
def test_a_chain_lists_its_states_and_its_moves_lead_both_ways(spec: str) -> None:
    landscape = resolve(spec, seed=2)
    assert isinstance(landscape, Finite)
    listed = landscape.list_states()
    count = len(listed.energies)
    assert int(listed.multiplicity.sum(dtype=np.int64)) == landscape.plain_states()
    assert count == landscape.distinct_states()
    offsets, neighbours = listed.rows(slice(None))
    row = np.repeat(np.arange(count), np.diff(offsets))
    flow = coo_matrix((listed.multiplicity[row].astype(int), (row, neighbours)), shape=(count, count)).tocsr()
    assert (flow != flow.T).nnz == 0
    assert len(set(listed.keys(np.arange(count)).tolist())) == count
    assert np.array_equal(listed.energies, landscape.list_states(workers=2).energies)


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_by_name_alone_is_a_small_example(name: str) -> None:
    landscape = resolve(name)
    assert isinstance(landscape, Finite)
    assert landscape.name == name
    assert 1_000 <= landscape.distinct_states() <= 1_000_000
    assert landscape.identity == resolve(name).identity
