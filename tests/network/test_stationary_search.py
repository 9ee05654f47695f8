"""Stationary points of a network of one hidden unit, against points found one by one with SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import root

from spinfunnel.landscape import InputError
from spinfunnel.network.batched import Batched
from spinfunnel.network.stationary_search import stationary_points
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve


@pytest.fixture(scope="module")
def unit():
    network = resolve("network:data=xor,width=1,weight_decay=0.01")
    return network, stationary_points(network, starts=50, seed=1)


def test_every_point_is_stationary_and_its_index_right(unit):
    network, found = unit
    assert found.slope.max() < 1e-8
    values = torch.linalg.eigvalsh(Batched(network).hessians(found.points))
    assert ((values < 0).sum(1).numpy() == found.index).all()
    assert found.flat.max() == 0
    assert (np.diff(found.energy) >= 0).all()


def test_nothing_that_another_method_finds_is_missing(unit):
    """SciPy's root finder from sixteen starts; a map that lost its highest minimum would be noticed."""
    network, found = unit
    batched = Batched(network)

    def slope(point):
        return batched.gradients(torch.from_numpy(point)[None])[1][0].numpy()

    rng = np.random.default_rng(5)
    ends = [root(slope, rng.standard_normal(5) * 2.0, tol=1e-12) for _ in range(16)]
    good = [end.x for end in ends if np.abs(slope(end.x)).max() < 1e-9]
    energies = [float(batched.losses(torch.from_numpy(point)[None])[0]) for point in good]
    assert len(energies) > 5
    assert all(np.abs(found.energy - energy).min() < 1e-8 for energy in energies)
    without = np.delete(found.energy, found.minima[-1])
    assert any(np.abs(without - energy).min() > 1e-8 for energy in energies)


def test_saddles_join_minima_below_them(unit):
    _, found = unit
    assert set(found.joins) == set(found.saddles)
    for saddle, (one, two) in found.joins.items():
        assert max(found.energy[one], found.energy[two]) < found.energy[saddle]


@pytest.mark.slow
def test_another_seed_finds_the_same(unit):
    network, found = unit
    again = stationary_points(network, starts=50, seed=2)
    np.testing.assert_allclose(again.energy, found.energy, atol=1e-9)
    np.testing.assert_array_equal(again.index, found.index)


def test_a_judged_network_lists_every_point():
    judged = study(resolve("network:data=xor,width=1,weight_decay=0.03"), explorer="stationary:starts=12", seed=1)
    counts = judged.details["network"]["points_of_index"]
    assert judged.graph.minima == counts[0] > 1
    assert sum(counts) == len(judged.details["network"]["stationary_points"])
    assert judged.verdict.kind == "undecided"
    assert f"{counts[0]} of index 0 and {counts[1]} of index 1" in judged.verdict.reason


def test_one_minimum_is_smooth():
    """No hidden layer: convex, so that there is nothing else to find."""
    judged = study(resolve("network:data=xor,depth=0,weight_decay=0.1"), explorer="stationary:starts=10")
    assert judged.details["network"]["points_of_index"] == [1]
    assert judged.verdict.kind == "smooth"


def test_what_is_too_large_or_has_no_decay_is_refused():
    with pytest.raises(InputError, match="too many"):
        stationary_points(resolve("network:data=xor,width=20"))
    with pytest.raises(InputError, match="weight decay"):
        stationary_points(resolve("network:data=xor,width=1,weight_decay=0"))
