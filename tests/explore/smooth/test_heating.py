"""Dynamics that find low minima of chains."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from spinfunnel.explore.smooth.engine import Engine
from spinfunnel.explore.smooth.heating import drift, heat, is_chain
from spinfunnel.systems import bln_protein, lennard_jones


def test_a_chain_is_one_whose_beads_cannot_change_places():
    assert is_chain(bln_protein("BBNNBBL"))
    assert not is_chain(lennard_jones(7))


def passed(workers):
    with ThreadPoolExecutor(workers) as pool:
        return list(heat(Engine(bln_protein("BBBNNNLLBB")), pool, seed=4, rounds=8, temperature=0.8))


def test_replicas_pass_the_same_on_any_number_of_threads():
    one, two = passed(1), passed(2)
    assert len(one) == 2
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one, two, strict=True))
    assert sum(made for _, _, made in one) == 8
    assert one[1][1] == 8 * 4 * 1000


def test_dynamics_keep_the_temperature():
    """Bonds of stiffness K: (r - 1)^2 has the mean T / K; 400 samples of 9 bonds know it to 3 %, 15 % is 5 of these."""
    chain = bln_protein("BBBNNNLLBB")
    kernel, rng = chain.kernel, np.random.default_rng(3)
    x, v, off = chain.starts(rng, 1)[0], np.zeros(30), []
    for _ in range(450):
        drift(kernel.gradient, kernel.parameters, kernel.work, x, v, 200, 0.01, 0.5, 0.4, rng)
        off.append(np.mean((np.linalg.norm(np.diff(x.reshape(-1, 3), axis=0), axis=1) - 1.0) ** 2))
    assert np.mean(off[50:]) == pytest.approx(0.4 / 400.0, rel=0.15)
    # Twin that must fail: half the temperature.
    assert np.mean(off[50:]) != pytest.approx(0.2 / 400.0, rel=0.15)
